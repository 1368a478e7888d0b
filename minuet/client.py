"""The command line's view of a running system: an HTTP client that fails with a sentence."""

import time
from collections.abc import Callable
from typing import Any, NoReturn

import httpx
import typer

from minuet import services
from minuet.settings import Invalid, Settings, read_settings

STARTING_SECONDS = 20.0


class Client:
    """For systems whose services listen apart, `url` may hold `{service}`, and `{port}`: the service's default port."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, service: str, path: str, **query: Any) -> Any:
        return self._call("GET", service, path, params={k: v for k, v in query.items() if v is not None})

    def put(self, service: str, path: str, body: Any) -> Any:
        return self._call("PUT", service, path, json=body)

    def post(self, service: str, path: str, body: Any = None, key: str | None = None) -> Any:
        """`key` is an idempotency key: what must not happen twice needs one, as it may be asked for again."""
        return self._call("POST", service, path, key, json=body)

    def _call(self, method: str, service: str, path: str, key: str | None = None, **more: Any) -> Any:
        headers = self._headers if key is None else {**self._headers, "Idempotency-Key": key}
        url = self._url.replace("{service}", service).replace("{port}", str(services.PORTS[service]))
        try:
            answer = patiently(lambda: httpx.request(method, url + path, headers=headers, timeout=10, **more))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            fail(f"no minuet answers at {url} ({error}): start one with `minuet up`, or give --url")
        if answer.is_error:
            fail(sentence(answer))
        return answer.json()


def patiently(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """Whoever has just given `minuet up` in another terminal need not wait for it: we do, a while."""
    give_up = time.monotonic() + STARTING_SECONDS
    while True:
        try:
            answer = ask()
            if "retry-after" not in answer.headers or time.monotonic() > give_up:
                return answer
        except httpx.ConnectError:
            if time.monotonic() > give_up:
                raise
        time.sleep(0.5)


def sentence(answer: httpx.Response) -> str:
    """What a problem document says, or else the status."""
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        return f"{answer.status_code}: {answer.json()['detail']}"
    return f"{answer.status_code} from {answer.request.url}"


def settings_or_fail() -> Settings:
    try:
        return read_settings()
    except Invalid as invalid:
        fail(str(invalid))


def fail(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(1)
