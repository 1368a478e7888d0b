"""The client of the card gateway, an outside party: it may be away, be slow, or answer without being heard.

A key names a charge or a refund for good: to ask again under the same key is to ask for the same, and moves money
once. So whatever is raised here may be tried again, under the same key.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from payment_service.messages import Money

TIMEOUT_SECONDS = 2.5  # three calls, to ask, to charge and to ask again, stay below the effect's lease of 8 s
SETTLING_SECONDS = 1.0  # a call that we gave up and the gateway did not is over by then


REFUSALS = (400, 409, 422)  # other client errors, e.g. 401 and 429, say that nobody looked at what was asked


class GatewayUnreachable(Exception):
    """Known not to be processed: nobody was there, or somebody said so."""


class AnswerUnknown(Exception):
    """It may have been processed or not, and asking did not tell."""


class GatewayRefused(Exception):
    """The gateway understood, and will not. No card's fault: one of the two sides has a bug."""


@dataclass(frozen=True)
class Charged:
    """The money is with the gateway."""


@dataclass(frozen=True)
class Declined:
    reason: str


class Answer(BaseModel):
    """What became of a charge, as the gateway says it."""

    status: Literal["charged", "declined"]
    reason: str | None = None

    def meaning(self) -> Charged | Declined:
        return Charged() if self.status == "charged" else Declined(self.reason or "no reason given")


class Client(Protocol):
    """As much of an HTTP client as is used here."""

    async def request(
        self,
        method: str,
        path: str,
        /,
        *,
        json: Any = None,
        timeout: float,  # noqa: ASYNC109 - httpx's word
    ) -> httpx.Response: ...


class Gateway:
    def __init__(self, client: Client) -> None:
        self._client = client

    async def charge(self, key: str, reference: str, amount: Money, token: str) -> Charged | Declined:
        """Raises GatewayUnreachable, AnswerUnknown, GatewayRefused."""
        body = {"key": key, "reference": reference, "amount": amount.model_dump(), "token": token}
        try:
            return meaning_of(await self._call("POST", "/gateway/charges", body))
        except AnswerUnknown as unknown:
            return await self._ask(key, unknown)

    async def ask(self, key: str) -> Charged | Declined | None:
        """What became of a charge; None if the gateway knows of none. Raises GatewayUnreachable, AnswerUnknown."""
        response = await self._call("GET", path_of(key))
        if response.status_code != 404:
            return meaning_of(response)
        if not names(response, key):
            raise AnswerUnknown(f"not the gateway's own word about {key!r}: 404 {response.text[:200]}")
        return None

    async def ask_surely(self, key: str) -> Charged | Declined | None:
        """As `ask`, but what is still on its way to the gateway is given the time to arrive before None is believed."""
        answer = await self.ask(key)
        if answer is None:
            await asyncio.sleep(SETTLING_SECONDS)
            answer = await self.ask(key)
        return answer

    async def refund(self, key: str, charge_key: str, reference: str, amount: Money) -> None:
        """Returns once the money is given back. Raises GatewayUnreachable, AnswerUnknown, GatewayRefused."""
        body = {"key": key, "charge_key": charge_key, "reference": reference, "amount": amount.model_dump()}
        await self._call("POST", "/gateway/refunds", body)

    async def _ask(self, key: str, why: AnswerUnknown) -> Charged | Declined:
        """That the gateway knows no such charge is no answer: ours may still be on its way."""
        try:
            answer = await self.ask(key)
        except (GatewayUnreachable, AnswerUnknown) as error:
            raise AnswerUnknown(f"{why}; when asked: {error}") from error
        if answer is None:
            raise AnswerUnknown(f"{why}; when asked: no such charge")
        return answer

    async def _call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):  # of the whole call: httpx's own are between two bytes
                response = await self._client.request(method, path, json=body, timeout=TIMEOUT_SECONDS)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise GatewayUnreachable(repr(error)) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise AnswerUnknown(repr(error)) from error
        check(method, response)
        return response


def path_of(key: str) -> str:
    return f"/gateway/charges/{quote(key, safe='')}"


def check(method: str, response: httpx.Response) -> None:
    """Raises what the status means for whoever called, unless it is an answer."""
    said = f"{response.status_code} {response.text[:200]}"
    if method == "POST" and response.status_code in REFUSALS:  # to be refused a look tells nothing
        raise GatewayRefused(said)
    if response.is_success or (method == "GET" and response.status_code == 404):
        return
    if response.status_code == 503 or response.is_client_error:
        raise GatewayUnreachable(said)
    raise AnswerUnknown(said)


def names(response: httpx.Response, key: str) -> bool:
    """Whoever looked for it says so. That nothing is found is also said by proxies, and by what else has that URL."""
    try:
        return repr(key) in response.json()["detail"]
    except (ValueError, TypeError, LookupError):
        return False


def meaning_of(response: httpx.Response) -> Charged | Declined:
    try:
        return Answer.model_validate_json(response.content).meaning()
    except ValidationError as error:
        raise AnswerUnknown(f"not an answer: {response.text[:200]}") from error
