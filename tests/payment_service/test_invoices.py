"""Invoices: issued, paid in full or cancelled, and every command answered by what was decided."""

import httpx
import pytest
import sqlalchemy as sa

from bus.message import Message
from payment_service.messages import Money
from payment_service.models import bus_tables
from tests.payment_service.words import (
    INVOICE_CANCELLED,
    ISSUED,
    PAID,
    balance,
    cancel_invoice,
    euros,
    issue,
)
from tests.service_bench import ServiceBench

ISSUE, CANCEL = issue(), cancel_invoice()
PATH = "/invoices/r-1/payments"


def names(bench: ServiceBench, *messages: Message) -> list[list[str]]:
    return [[name for name, _ in bench.tell(message)] for message in messages]


def announced(bench: ServiceBench) -> list[str]:
    """What the service has said over its outbox, HTTP included."""
    with bench.database.snapshot() as connection:
        headers = connection.execute(sa.select(bus_tables.outbox.c.headers)).scalars().all()
    return [wire_name for wire_name in (ISSUED, PAID, INVOICE_CANCELLED) for text in headers if wire_name in text]


async def pay(client: httpx.AsyncClient, cents: int, currency: str = "EUR", key: str | None = None) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return await client.post(PATH, json={"amount": {"amount": cents, "currency": currency}}, headers=headers)


def test_an_invoice_is_due_after_its_days(bench: ServiceBench) -> None:
    expected = (ISSUED, {"reference": "r-1", "amount": euros(10000), "due_at": "2026-01-31T00:00:00Z"})
    assert bench.tell(issue(due_days=30)) == [expected]


@pytest.mark.parametrize(
    ("messages", "answers"),
    [
        ([ISSUE, ISSUE], [[ISSUED], [ISSUED]]),
        ([ISSUE, CANCEL, CANCEL, ISSUE], [[ISSUED], [INVOICE_CANCELLED], [INVOICE_CANCELLED], [INVOICE_CANCELLED]]),
        ([CANCEL, ISSUE, CANCEL], [[INVOICE_CANCELLED], [INVOICE_CANCELLED], [INVOICE_CANCELLED]]),
        ([issue(amount=Money(amount=0, currency="EUR")), CANCEL], [[PAID], [PAID]]),
    ],
)
def test_every_command_is_answered_by_what_was_decided(
    bench: ServiceBench, messages: list[Message], answers: list[list[str]]
) -> None:
    assert names(bench, *messages) == answers


def test_an_invoice_issued_again_repeats_its_first_date(bench: ServiceBench) -> None:
    first = bench.tell(ISSUE)
    assert bench.tell(issue(amount=Money(amount=1, currency="USD"), due_days=3)) == first


async def test_paid_in_full_is_said_once_and_wins_over_cancelling(
    client: httpx.AsyncClient, bench: ServiceBench
) -> None:
    bench.tell(ISSUE)
    response = await pay(client, 10000)
    assert response.status_code == 201
    assert (response.json()["state"], response.json()["paid"]) == ("paid", euros(10000))
    assert announced(bench) == [ISSUED, PAID]
    paid = (PAID, {"reference": "r-1", "amount": euros(10000)})
    assert bench.tell(CANCEL) == bench.tell(ISSUE) == [paid]


async def test_part_of_the_money_leaves_it_open_and_is_recorded(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    bench.tell(ISSUE)
    assert (await pay(client, 4000)).json()["state"] == "open"
    assert announced(bench) == [ISSUED]
    shown = (await client.get("/invoices/r-1")).json()
    assert (shown["state"], shown["paid"], [p["amount"] for p in shown["payments"]]) == (
        "open",
        euros(4000),
        [euros(4000)],
    )
    assert (await pay(client, 6000)).json()["state"] == "paid"
    assert announced(bench) == [ISSUED, PAID]


async def test_what_is_too_much_becomes_the_payers_credit(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    """It is credit, not received: the totals know nothing of it."""
    bench.tell(ISSUE)
    await pay(client, 4000)
    shown = (await pay(client, 6001)).json()
    assert (shown["state"], shown["paid"], shown["surplus"]) == ("paid", euros(10000), euros(1))
    assert announced(bench) == [ISSUED, PAID]
    assert balance(bench) == 1
    assert (await client.get("/ledger")).json()["totals"]["EUR"]["invoice_paid"] == 10000


async def test_what_comes_for_a_paid_invoice_becomes_credit(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    bench.tell(ISSUE)
    await pay(client, 10000)
    assert (await pay(client, 250)).status_code == 201
    assert balance(bench) == 250
    assert announced(bench) == [ISSUED, PAID]


async def test_another_currency_is_refused(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    bench.tell(ISSUE)
    response = await pay(client, 10000, "USD")
    assert response.status_code == 422
    assert "in EUR, not in USD" in response.json()["detail"]
    assert announced(bench) == [ISSUED]


async def test_a_cancelled_invoice_is_not_to_be_paid(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    bench.tell(ISSUE)
    bench.tell(CANCEL)
    assert (await pay(client, 10000)).status_code == 409


async def test_an_unknown_invoice_cannot_be_paid(client: httpx.AsyncClient) -> None:
    response = await pay(client, 10000)
    assert response.status_code == 404
    assert "'r-1'" in response.json()["detail"]


async def test_the_same_key_is_booked_once_and_answered_each_time(
    client: httpx.AsyncClient, bench: ServiceBench
) -> None:
    bench.tell(ISSUE)
    for _ in range(3):
        response = await pay(client, 10000, key="k-1")
        assert (response.status_code, response.json()["paid"]) == (201, euros(10000))
    assert announced(bench) == [ISSUED, PAID]
    assert len((await client.get("/invoices/r-1")).json()["payments"]) == 1
    assert (await client.get("/ledger")).json()["totals"]["EUR"]["invoice_paid"] == 10000


async def test_a_refused_payment_leaves_its_key_free(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    bench.tell(ISSUE)
    assert (await pay(client, 10000, "USD", key="k-1")).status_code == 422
    assert (await pay(client, 10000, key="k-1")).status_code == 201


async def test_the_same_key_with_another_amount_is_refused(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    bench.tell(ISSUE)
    await pay(client, 4000, key="k-1")
    assert (await pay(client, 5000, key="k-1")).status_code == 422
    assert (await pay(client, 4000, "USD", key="k-1")).status_code == 422
    assert (await client.get("/invoices/r-1")).json()["paid"] == euros(4000)


async def test_without_a_key_and_with_another_key_it_is_other_money(
    client: httpx.AsyncClient, bench: ServiceBench
) -> None:
    bench.tell(ISSUE)
    for key in (None, None, "k-1", "k-2"):
        await pay(client, 1000, key=key)
    assert (await client.get("/invoices/r-1")).json()["paid"] == euros(4000)


async def test_one_key_may_pay_two_invoices(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    for reference in ("r-1", "r-2"):
        bench.tell(issue(reference))
        body = {"amount": euros(10000)}
        response = await client.post(f"/invoices/{reference}/payments", json=body, headers={"Idempotency-Key": "k-1"})
        assert response.json()["state"] == "paid"
    assert announced(bench).count(PAID) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"amount": {"amount": 0, "currency": "EUR"}},
        {"amount": {"amount": -1, "currency": "EUR"}},
        {"amount": {"amount": 1.5, "currency": "EUR"}},
        {"amount": {"amount": "1", "currency": "EUR"}},
        {"amount": {"amount": 10**13, "currency": "EUR"}},
        {"amount": {"amount": 1, "currency": "eur"}},
        {"amount": {"amount": 1, "currency": "EUR", "note": "?"}},
        {"amount": {"amount": 1, "currency": "EUR"}, "note": "?"},
        {},
    ],
)
async def test_what_is_no_money_is_refused(client: httpx.AsyncClient, bench: ServiceBench, body: object) -> None:
    bench.tell(ISSUE)
    assert (await client.post(PATH, json=body)).status_code == 422
    assert (await client.get("/invoices/r-1")).json()["payments"] == []
