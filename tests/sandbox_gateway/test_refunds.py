"""A refund gives back what was charged, never more."""

import httpx
import pytest

from tests.sandbox_gateway.words import charge, euros, ledger, refund


async def test_the_same_key_gives_back_once(client: httpx.AsyncClient) -> None:
    await charge(client)
    answers = [await refund(client) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    [booked] = (await ledger(client))["refunds"]
    assert booked == {
        "key": "r-1/1/1/refund",
        "charge_key": "r-1/1/1",
        "reference": "r-1",
        "amount": euros(10000),
        "at": "2026-01-01T00:00:00.000000Z",
    }
    assert (await ledger(client))["requests"] == 3


async def test_parts_may_be_given_back_until_nothing_is_left(client: httpx.AsyncClient) -> None:
    await charge(client)
    answers = [await refund(client, key, cents=cents) for key, cents in (("a", 6000), ("b", 4001), ("c", 4000))]
    assert [answer.status_code for answer in answers] == [200, 422, 200]
    assert "4000" in answers[1].json()["detail"]
    assert [each["key"] for each in (await ledger(client))["refunds"]] == ["a", "c"]


async def test_the_same_key_with_another_body_is_refused(client: httpx.AsyncClient) -> None:
    await charge(client)
    await refund(client, cents=5000)
    assert (await refund(client, cents=4000)).status_code == 422
    assert [each["amount"] for each in (await ledger(client))["refunds"]] == [euros(5000)]


async def test_another_currency_is_refused(client: httpx.AsyncClient) -> None:
    await charge(client)
    assert (await refund(client, currency="USD")).status_code == 422


@pytest.mark.parametrize("token", ["tok_declined", "tok_flaky_1"])
async def test_what_was_not_charged_is_not_given_back(client: httpx.AsyncClient, token: str) -> None:
    await charge(client, token=token)
    response = await refund(client)
    assert response.status_code == 422
    assert "'r-1/1/1'" in response.json()["detail"]
    assert (await ledger(client))["refunds"] == []


async def test_what_is_lost_to_its_caller_can_be_given_back(client: httpx.AsyncClient) -> None:
    assert (await charge(client, token="tok_unknown_1")).status_code == 504
    assert (await refund(client)).status_code == 200
