"""A key names a charge for good: it moves money once, and its answer never changes."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from bus.clock import ManualClock
from bus.database import Database
from sandbox_gateway.api import app
from sandbox_gateway.books import metadata
from sandbox_gateway.sandbox import Sandbox
from tests.sandbox_gateway.words import ask, charge, charged_keys, euros, ledger


async def test_the_same_key_is_charged_once_and_answered_the_same(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    first = await charge(client)
    clock.advance(timedelta(days=1))
    again = await charge(client)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json() == (await ask(client)).json()
    assert (first.json()["status"], first.json()["reason"]) == ("charged", None)
    assert await ledger(client) == {
        "charges": [
            {"key": "r-1/1/1", "reference": "r-1", "amount": euros(10000), "at": "2026-01-01T00:00:00.000000Z"}
        ],
        "refunds": [],
        "requests": 3,
    }


async def test_calls_under_one_key_at_the_same_time_charge_once(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(charge(client) for _ in range(20)))
    assert {answer.json()["status"] for answer in answers} == {"charged"}
    assert await charged_keys(client) == ["r-1/1/1"]
    assert (await ledger(client))["requests"] == 20


@pytest.mark.parametrize("change", [{"token": "tok_expired"}, {"cents": 9999}, {"reference": "r-2"}])
async def test_the_same_key_with_another_body_is_refused(client: httpx.AsyncClient, change: dict[str, Any]) -> None:
    first = (await charge(client)).json()
    response = await charge(client, **change)
    assert response.status_code == 422
    assert "'r-1/1/1'" in response.json()["detail"]
    assert (await ask(client)).json() == first


@pytest.mark.parametrize(
    ("token", "reason"),
    [("tok_declined", "card declined"), ("tok_expired", "card expired"), ("tok_of_nobody", "unknown card")],
)
async def test_a_decline_is_remembered_and_is_no_charge(client: httpx.AsyncClient, token: str, reason: str) -> None:
    for answer in (await charge(client, token=token), await charge(client, token=token), await ask(client)):
        assert answer.status_code == 200
        assert (answer.json()["status"], answer.json()["reason"]) == ("declined", reason)
    assert await charged_keys(client) == []


async def test_unreachable_means_nothing_was_done(client: httpx.AsyncClient) -> None:
    """So many times as the token says, then it works."""
    for _ in range(2):
        assert (await charge(client, token="tok_flaky_2")).status_code == 503
        assert (await ask(client)).status_code == 404
        assert await charged_keys(client) == []
    assert (await charge(client, token="tok_flaky_2")).json()["status"] == "charged"
    assert (await charge(client, token="tok_flaky_2")).status_code == 200


async def test_a_lost_answer_means_it_was_charged(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        assert (await charge(client, token="tok_unknown_2")).status_code == 504
        assert (await ask(client)).json()["status"] == "charged"
    assert (await charge(client, token="tok_unknown_2")).json()["status"] == "charged"
    assert await charged_keys(client) == ["r-1/1/1"]


@pytest.mark.parametrize(("token", "status"), [("tok_flaky_1", 503), ("tok_unknown_1", 504)])
async def test_troubles_are_counted_per_key(client: httpx.AsyncClient, token: str, status: int) -> None:
    assert [(await charge(client, key, token)).status_code for key in ("a", "b", "a", "b")] == [
        status,
        status,
        200,
        200,
    ]


async def test_a_slow_card_is_charged_before_its_answer_comes_and_holds_up_nobody(client: httpx.AsyncClient) -> None:
    """The charge can be asked for, and others are served, while its caller still waits."""
    slow = asyncio.create_task(charge(client, "slow", "tok_slow_60000"))
    async with asyncio.timeout(10):
        while (await ask(client, "slow")).status_code == 404:
            pass
    assert (await charge(client, "other")).status_code == 200
    assert not slow.done()
    slow.cancel()


async def test_a_slow_answer_does_come(client: httpx.AsyncClient) -> None:
    assert (await charge(client, token="tok_slow_20")).json()["status"] == "charged"


async def test_an_unknown_key_is_a_problem(client: httpx.AsyncClient) -> None:
    response = await ask(client, "nobody's")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("key", ["a/b c/1", "ä?x=1#y", "100%25"])
async def test_any_key_can_be_asked_for(client: httpx.AsyncClient, key: str) -> None:
    await charge(client, key)
    quoted = httpx.URL("/", params={"key": key}).query.decode().removeprefix("key=").replace("+", "%20")
    assert (await ask(client, quoted)).json()["key"] == key


@pytest.mark.parametrize(
    "body",
    [
        {"key": "", "reference": "r-1", "amount": euros(1), "token": "tok_ok"},
        {"key": "k\x00", "reference": "r-1", "amount": euros(1), "token": "tok_ok"},
        {"key": "k", "reference": "r-1", "amount": euros(-1), "token": "tok_ok"},
        {"key": "k", "reference": "r-1", "amount": {"amount": 1, "currency": "euro"}, "token": "tok_ok"},
        {"key": "k", "reference": "r-1", "amount": euros(1)},
        {"key": "k", "reference": "r-1", "amount": euros(1), "token": "tok_ok", "tip": 1},
    ],
)
async def test_what_is_no_charge_is_refused(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await client.post("/gateway/charges", json=body)).status_code == 422
    assert await ledger(client) == {"charges": [], "refunds": [], "requests": 0}


async def test_its_paths_are_the_same_alone_and_mounted_in_another_app(clock: ManualClock) -> None:
    database = Database("sqlite://")
    metadata.create_all(database.engine)
    gateway = app(Sandbox(database, clock))
    around = FastAPI()
    around.mount("/gateway", gateway)
    for served in (gateway, around):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://x") as client:
            assert (await charge(client)).status_code == 200
            assert (await ask(client)).status_code == 200
            assert await charged_keys(client) == ["r-1/1/1"]
