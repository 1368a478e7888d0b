"""What customers have left with us: granted, used first, restored, and booked each time."""

from typing import Any

import httpx
import pytest

from payment_service.messages import Money
from tests.payment_service.words import (
    RECEIVED,
    balance,
    cancel,
    charged,
    charges,
    declined,
    euros,
    gave_up,
    given_back,
    gives_back,
    grant,
    refund,
    retrieve,
    tell_together,
)
from tests.service_bench import ServiceBench


async def put(client: httpx.AsyncClient, cents: Any, currency: Any = "EUR") -> httpx.Response:
    return await client.put("/credits/c-1", json={"balance": {"amount": cents, "currency": currency}})


async def totals(client: httpx.AsyncClient) -> dict[str, int]:
    """Those that are not 0."""
    found = (await client.get("/ledger")).json()["totals"].get("EUR", {})
    return {name: amount for name, amount in found.items() if amount}


async def books_agree(client: httpx.AsyncClient, bench: ServiceBench) -> bool:
    """What the books say that we owe the customer is what the account says."""
    entries = (await client.get("/ledger")).json()["entries"]
    owed = -sum(int(e["amount"]["amount"]) for e in entries if e["account"] == "credit_of:c-1")
    return owed == balance(bench)


async def test_credit_is_what_was_put_last(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    for cents in (5000, 5000, 3000, 0):
        response = await put(client, cents)
        assert response.json() == {"customer_id": "c-1", "balance": euros(cents)}
        assert (await client.get("/credits/c-1")).json()["balance"] == euros(cents)
        assert await books_agree(client, bench)
    assert await totals(client) == {}


async def test_currencies_are_kept_apart(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    await put(client, 5000, "USD")
    await put(client, 0, "EUR")
    assert (await client.get("/credits/c-1")).json() == {
        "customer_id": "c-1",
        "balance": {"amount": 5000, "currency": "USD"},
        "balances": [{"amount": 5000, "currency": "USD"}, euros(0)],
    }
    bench.tell(retrieve())
    assert charges(bench).amount == Money(amount=10000, currency="EUR")


async def test_nobody_knows_the_credit_of_a_stranger(client: httpx.AsyncClient) -> None:
    response = await client.get("/credits/c-9")
    assert response.status_code == 404
    assert "'c-9'" in response.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"balance": 5},
        {"balance": {"amount": -1, "currency": "EUR"}},
        {"balance": {"amount": 1.5, "currency": "EUR"}},
        {"balance": {"amount": "1", "currency": "EUR"}},
        {"balance": {"amount": 10**13, "currency": "EUR"}},
        {"balance": {"amount": 1, "currency": "euro"}},
        {"balance": {"amount": 1, "currency": "EUR"}, "why": "?"},
    ],
)
async def test_what_is_no_balance_is_refused(client: httpx.AsyncClient, bench: ServiceBench, body: object) -> None:
    response = await client.put("/credits/c-1", json=body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert balance(bench) == 0


async def test_the_card_pays_what_credit_does_not(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    grant(bench, 3000)
    bench.tell(retrieve())
    assert charges(bench).amount.amount == 7000
    assert balance(bench) == 0
    [(name, body)] = charged(bench)
    assert (name, body["amount"]) == (RECEIVED, euros(10000))
    assert await totals(client) == {"charged": 7000, "credit_used": 3000}
    shown = (await client.get("/payments/r-1")).json()
    assert shown["received"] == euros(10000)
    assert await books_agree(client, bench)


async def test_credit_that_covers_it_needs_no_card(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    grant(bench, 25000)
    for reference in ("r-1", "r-2"):
        assert [name for name, _ in bench.tell(retrieve(reference))] == [RECEIVED]
    assert bench.effects == []
    assert balance(bench) == 5000
    bench.tell(retrieve("r-3"))
    assert charges(bench).amount.amount == 5000
    assert await totals(client) == {"credit_used": 25000}
    assert await books_agree(client, bench)


async def test_to_ask_for_nothing_needs_no_card(bench: ServiceBench) -> None:
    assert [name for name, _ in bench.tell(retrieve(amount=Money(amount=0, currency="EUR")))] == [RECEIVED]
    assert bench.effects == []


async def test_credit_is_restored_when_the_payment_fails(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    grant(bench, 3000)
    bench.tell(retrieve())
    declined(bench)
    gave_up(bench)
    assert balance(bench) == 3000
    assert await totals(client) == {"credit_used": 3000, "refunded_credit": 3000}
    shown = (await client.get("/payments/r-1")).json()
    assert (shown["received"], shown["refunded"]) == (euros(3000), euros(3000))
    assert await books_agree(client, bench)


async def test_credit_is_restored_when_the_payment_is_cancelled(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    grant(bench, 3000)
    bench.tell(retrieve())
    declined(bench)
    bench.tell(cancel())
    bench.tell(cancel())
    assert balance(bench) == 3000
    assert await books_agree(client, bench)


async def test_a_refund_goes_back_to_where_the_money_came_from(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    grant(bench, 3000)
    bench.tell(retrieve())
    charged(bench)
    bench.tell(refund())
    assert gives_back(bench).amount.amount == 7000
    [(_, body)] = given_back(bench)
    assert body["amount"] == euros(10000)
    assert balance(bench) == 3000
    assert await totals(client) == {
        "charged": 7000,
        "credit_used": 3000,
        "refunded_card": 7000,
        "refunded_credit": 3000,
    }
    assert await books_agree(client, bench)


async def test_what_credit_alone_paid_is_refunded_at_once(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    grant(bench, 10000)
    bench.tell(retrieve())
    [(_, body)] = bench.tell(refund())
    assert body["amount"] == euros(10000)
    assert (balance(bench), bench.effects) == (10000, [])
    assert await books_agree(client, bench)


def test_two_payments_in_one_transaction_use_the_credit_once(bench: ServiceBench) -> None:
    """The second finds what the first has left."""
    grant(bench, 15000)
    said = tell_together(bench, retrieve("r-1"), retrieve("r-2"))
    assert balance(bench) == 0
    assert [charges(bench).amount.amount, len(bench.effects)] == [5000, 1]
    assert said == [RECEIVED]
