"""Callers in the gateway's own process get the answers that callers over HTTP get."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bus.clock import ManualClock
from bus.database import Database
from payment_service.gateway import Client
from sandbox_gateway.books import metadata
from sandbox_gateway.nearby import Nearby
from sandbox_gateway.sandbox import Sandbox
from tests.sandbox_gateway.words import client_of, euros


def charge(key: str, token: str, cents: int = 100) -> tuple[str, str, Any]:
    body = {"key": key, "reference": "r-1", "amount": euros(cents), "token": token}
    return "POST", "/gateway/charges", body


def refund(key: str, charge_key: str) -> tuple[str, str, Any]:
    body = {"key": key, "charge_key": charge_key, "reference": "r-1", "amount": euros(60)}
    return "POST", "/gateway/refunds", body


CALLS: list[tuple[str, str, Any]] = [
    charge("r/1 ä", "tok_ok"),
    charge("r/1 ä", "tok_ok"),
    charge("r/1 ä", "tok_ok", cents=101),
    charge("no", "tok_declined"),
    charge("away", "tok_flaky_1"),
    charge("away", "tok_flaky_1"),
    charge("lost", "tok_unknown_1"),
    charge("slow", "tok_slow_1"),
    charge("less than nothing", "tok_ok", cents=-1),
    ("GET", "/gateway/charges/r%2F1%20%C3%A4", None),
    ("GET", "/gateway/charges/nobody's", None),
    ("GET", "/gateway/charges/lost", None),
    refund("back", "lost"),
    refund("back again", "lost"),
    refund("back", "lost"),
    ("DELETE", "/gateway/charges", None),
]


@pytest.fixture
async def over_http() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(Database("sqlite://")) as client:
        yield client


@pytest.fixture
def nearby() -> Nearby:
    database = Database("sqlite://")
    metadata.create_all(database.engine)
    return Nearby(Sandbox(database, ManualClock()))


async def answers(client: Client) -> list[tuple[bool, int, Any]]:
    """The sentences about what is no request at all may differ."""
    got = [await client.request(method, path, json=body, timeout=5) for method, path, body in CALLS]
    return [(one.is_success, one.status_code, one.json() if one.is_success else None) for one in got]


async def test_the_answers_are_those_over_http(over_http: httpx.AsyncClient, nearby: Nearby) -> None:
    expected = await answers(over_http)
    assert [status for _, status, _ in expected[:-1]] == [
        *(200, 200, 422, 200, 503, 200, 504, 200, 422),
        *(200, 404, 200),
        *(200, 422, 200),
    ]
    assert (await answers(nearby))[:-1] == expected[:-1]
    assert not (await answers(nearby))[-1][0]
