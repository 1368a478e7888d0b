"""The gateway's client: what it takes from every answer, and from none."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from bus.database import Database
from payment_service import gateway as gateway_module
from payment_service.gateway import (
    AnswerUnknown,
    Charged,
    Declined,
    Gateway,
    GatewayRefused,
    GatewayUnreachable,
)
from tests.payment_service.wire import (
    NOT_ITS_WORD,
    NOT_PROCESSED,
    UNKNOWN,
    Answer,
    Wire,
    answers,
    fails,
    no_such_charge,
)
from tests.payment_service.words import EUR_100
from tests.sandbox_gateway.words import charged_keys, client_of, ledger

KEY = "r-1/1/1"


@pytest.fixture
async def sandbox() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(Database("sqlite://")) as client:
        yield client


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_module, "TIMEOUT_SECONDS", 0.2)


async def charge(gateway: Gateway, token: str = "tok_ok", key: str = KEY) -> Charged | Declined:
    return await gateway.charge(key, "r-1", EUR_100, token)


@pytest.mark.parametrize(
    ("token", "meaning"),
    [
        ("tok_ok", Charged()),
        ("tok_declined", Declined("card declined")),
        ("tok_expired", Declined("card expired")),
        ("tok_nobody", Declined("unknown card")),
        ("tok_slow_20", Charged()),
    ],
)
async def test_every_card_has_its_answer(sandbox: httpx.AsyncClient, token: str, meaning: Charged | Declined) -> None:
    assert await charge(Gateway(sandbox), token) == meaning


async def test_a_card_that_cannot_be_reached_is_charged_when_tried_again(sandbox: httpx.AsyncClient) -> None:
    gateway = Gateway(sandbox)
    with pytest.raises(GatewayUnreachable):
        await charge(gateway, "tok_flaky_1")
    assert (await ledger(sandbox))["requests"] == 1  # what is known needs no asking
    assert await charge(gateway, "tok_flaky_1") == Charged()


async def test_a_lost_answer_is_asked_for_and_the_card_charged_once(sandbox: httpx.AsyncClient) -> None:
    assert await charge(Gateway(sandbox), "tok_unknown_5", "a b/ü?/1") == Charged()
    assert await charged_keys(sandbox) == ["a b/ü?/1"]
    assert (await ledger(sandbox))["requests"] == 2  # it was asked for, not charged again


@pytest.mark.usefixtures("short_patience")
async def test_an_answer_that_takes_too_long_is_asked_for(sandbox: httpx.AsyncClient) -> None:
    assert await charge(Gateway(sandbox), "tok_slow_60000") == Charged()
    assert (await ledger(sandbox))["requests"] == 2


@pytest.mark.usefixtures("short_patience")
async def test_a_gateway_that_never_answers_is_given_up() -> None:
    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    client = httpx.AsyncClient(transport=httpx.MockTransport(hang), base_url="http://gateway")
    async with asyncio.timeout(5):
        with pytest.raises(AnswerUnknown):
            await charge(Gateway(client))


@pytest.mark.parametrize("post", NOT_PROCESSED.values(), ids=NOT_PROCESSED.keys())
async def test_what_is_known_not_to_be_processed_is_not_asked_for(post: Answer) -> None:
    wire = Wire(post)
    with pytest.raises(GatewayUnreachable):
        await charge(wire.gateway())
    assert wire.calls == ["POST /gateway/charges"]


@pytest.mark.parametrize("post", UNKNOWN.values(), ids=UNKNOWN.keys())
@pytest.mark.parametrize(
    ("said", "meaning"),
    [({"status": "charged"}, Charged()), ({"status": "declined", "reason": "card expired"}, Declined("card expired"))],
)
async def test_an_unknown_answer_is_asked_for(post: Answer, said: dict[str, str], meaning: Charged | Declined) -> None:
    wire = Wire(post, ask=answers(200, said))
    assert await charge(wire.gateway()) == meaning
    assert wire.calls == ["POST /gateway/charges", "GET /gateway/charges/r-1%2F1%2F1"]


SILENT = {"unknown key": no_such_charge, **NOT_ITS_WORD, **NOT_PROCESSED, **UNKNOWN}


@pytest.mark.parametrize("ask", SILENT.values(), ids=SILENT.keys())
async def test_it_stays_unknown_if_asking_tells_nothing(ask: Answer) -> None:
    """Also if the gateway has no such charge: ours may still be on its way."""
    wire = Wire(answers(504), ask)
    with pytest.raises(AnswerUnknown):
        await charge(wire.gateway())
    assert len(wire.calls) == 2


async def test_a_refusal_is_neither_a_decline_nor_unknown() -> None:
    """The charge under this key may be somebody else's, so it is not asked for."""
    wire = Wire(answers(422, {"detail": "the key was used with another body"}))
    with pytest.raises(GatewayRefused, match="another body"):
        await charge(wire.gateway())
    assert len(wire.calls) == 1


async def test_a_refund_gives_back_once_however_often_it_is_tried(sandbox: httpx.AsyncClient) -> None:
    gateway = Gateway(sandbox)
    await charge(gateway)
    for _ in range(2):
        await gateway.refund(f"{KEY}/refund", KEY, "r-1", EUR_100)
    assert [(r["key"], r["charge_key"]) for r in (await ledger(sandbox))["refunds"]] == [(f"{KEY}/refund", KEY)]


REFUND_TROUBLES: list[tuple[Answer, type[Exception]]] = [
    *((answer, GatewayUnreachable) for answer in NOT_PROCESSED.values()),
    (answers(504), AnswerUnknown),
    (fails(httpx.ReadTimeout), AnswerUnknown),
    (answers(422), GatewayRefused),
]


@pytest.mark.parametrize(("post", "error"), REFUND_TROUBLES)
async def test_a_refund_that_did_not_surely_happen_raises(post: Answer, error: type[Exception]) -> None:
    with pytest.raises(error):
        await Wire(post).gateway().refund(f"{KEY}/refund", KEY, "r-1", EUR_100)
