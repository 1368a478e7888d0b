"""Payments, invoices and the books over HTTP."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from tests.payment_service.words import (
    Said,
    cancel,
    cancel_invoice,
    charged,
    declined,
    euros,
    given_back,
    issue,
    refund,
    retrieve,
)
from tests.service_bench import ServiceBench

NONE = {"amount": 0, "currency": "XXX"}


async def test_a_payment_shows_what_happened_when(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    bench.tell(retrieve())
    bench.clock.advance(timedelta(days=1))
    charged(bench)
    bench.clock.advance(timedelta(days=1))
    bench.tell(refund())
    given_back(bench)
    shown = (await client.get("/payments/r-1")).json()
    assert (shown["reference"], shown["state"]) == ("r-1", "refunded")
    assert shown["amount"] == shown["received"] == shown["refunded"] == euros(10000)
    assert [(step["at"][:10], step["from"], step["to"], step["because"]) for step in shown["history"]] == [
        ("2026-01-01", "start", "charging", "RetrievePayment"),
        ("2026-01-02", "charging", "received", "CardCharged"),
        ("2026-01-03", "received", "refunding", "RefundPayment"),
        ("2026-01-03", "refunding", "refunded", "CardRefunded"),
    ]
    assert [step["reason"] for step in shown["history"]] == [None, None, "changed their mind", None]
    assert all(step["attempt"] == 1 and step["message_id"] for step in shown["history"])


async def test_a_wish_that_came_during_the_call_is_in_the_history(
    client: httpx.AsyncClient, bench: ServiceBench
) -> None:
    for message in (retrieve(), cancel(), cancel(), refund()):
        bench.tell(message)
    declined(bench, "card expired")
    history = (await client.get("/payments/r-1")).json()["history"]
    assert [(step["to"], step["because"], step["reason"]) for step in history] == [
        ("charging", "RetrievePayment", None),
        ("charging", "CancelPayment", None),
        ("charging", "RefundPayment", "changed their mind"),
        ("cancelled", "CardDeclined", "card expired"),
    ]


@pytest.mark.parametrize(
    ("state", "received", "refunded"),
    [("charging", 0, 0), ("received", 10000, 0), ("refunding", 10000, 0), ("refunded", 10000, 10000)],
)
async def test_money_counts_as_received_until_it_is_back(
    client: httpx.AsyncClient, bench: ServiceBench, state: str, received: int, refunded: int
) -> None:
    steps: dict[str, Callable[[], Said]] = {
        "charging": lambda: bench.tell(retrieve()),
        "received": lambda: charged(bench),
        "refunding": lambda: bench.tell(refund()),
        "refunded": lambda: given_back(bench),
    }
    for name, step in steps.items():
        step()
        if name == state:
            break
    shown = (await client.get("/payments/r-1")).json()
    assert (shown["state"], shown["received"], shown["refunded"]) == (state, euros(received), euros(refunded))


async def test_the_latest_attempt_gives_the_state_and_all_attempts_the_money(
    client: httpx.AsyncClient, bench: ServiceBench
) -> None:
    bench.tell(retrieve(attempt=1))
    charged(bench)
    bench.tell(retrieve(attempt=2, token="tok_declined"))
    declined(bench)
    shown = (await client.get("/payments/r-1")).json()
    assert (shown["state"], shown["received"], shown["refunded"]) == ("in_clearing", euros(10000), euros(0))
    assert [(each["attempt"], each["state"], each["reason"]) for each in shown["attempts"]] == [
        (1, "received", None),
        (2, "in_clearing", "card declined"),
    ]
    assert [deadline["name"] for deadline in shown["deadlines"]] == ["escalation", "clearing"]


async def test_a_wish_is_no_part_of_the_state_that_is_shown(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    bench.tell(retrieve())
    bench.tell(cancel())
    assert (await client.get("/payments/r-1")).json()["state"] == "charging"


async def test_another_references_attempts_are_not_shown(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    """Though their names look alike."""
    bench.tell(retrieve("r-1/1"))
    bench.tell(issue("r-1"))
    assert (await client.get("/payments/r-1")).status_code == 404
    assert len((await client.get("/invoices/r-1")).json()["history"]) == 1


async def test_a_tombstone_shows_no_money(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    bench.tell(cancel())
    shown = (await client.get("/payments/r-1")).json()
    assert shown["state"] == "cancelled"
    assert shown["amount"] == shown["received"] == shown["refunded"] == NONE


async def test_an_invoice_shows_how_it_stands(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    bench.tell(issue(due_days=14))
    shown = (await client.get("/invoices/r-1")).json()
    history, deadlines = shown.pop("history"), shown.pop("deadlines")
    assert [(step["to"], step["sent"]) for step in history] == [("open", ["InvoiceIssued"])]
    assert [deadline["name"] for deadline in deadlines] == ["first reminder", "second reminder", "default"]
    assert shown == {
        "reference": "r-1",
        "state": "open",
        "amount": euros(10000),
        "paid": euros(0),
        "surplus": euros(0),
        "reminders": 0,
        "issued_at": "2026-01-01T00:00:00.000000Z",
        "due_at": "2026-01-15T00:00:00.000000Z",
        "payments": [],
    }


async def test_an_invoice_cancelled_before_it_was_issued_has_no_dates(
    client: httpx.AsyncClient, bench: ServiceBench
) -> None:
    bench.tell(cancel_invoice())
    shown = (await client.get("/invoices/r-1")).json()
    assert (shown["state"], shown["amount"], shown["due_at"]) == ("cancelled", NONE, None)


@pytest.mark.parametrize("path", ["/payments/unknown", "/invoices/unknown"])
async def test_an_unknown_reference_is_a_problem(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert "'unknown'" in response.json()["detail"]


@pytest.mark.parametrize("path", ["/payments/%00", f"/payments/{'x' * 201}", "/invoices/%00"])
async def test_an_impossible_reference_is_refused(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 422


async def test_empty_books_have_no_totals(client: httpx.AsyncClient) -> None:
    assert (await client.get("/ledger")).json() == {"totals": {}, "entries": []}


async def test_the_books_tell_totals_by_currency_and_balance(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    for reference in ("r-1", "r-2"):
        bench.tell(retrieve(reference))
        charged(bench)
    bench.tell(refund("r-2"))
    given_back(bench)
    bench.tell(issue("r-3"))
    await client.post("/invoices/r-3/payments", json={"amount": euros(2500)})
    ledger = (await client.get("/ledger")).json()
    assert ledger["totals"] == {
        "EUR": {
            "charged": 20000,
            "credit_used": 0,
            "invoice_paid": 2500,
            "refunded_card": 10000,
            "refunded_credit": 0,
        }
    }
    balances: Counter[str] = Counter()
    for entry in ledger["entries"]:
        balances[entry["account"]] += entry["amount"]["amount"]
    assert dict(balances) == {
        "card_gateway": 10000,
        "bank": 2500,
        "held_for:r-1": -10000,
        "held_for:r-2": 0,
        "held_for:r-3": -2500,
    }


async def test_nothing_is_booked_for_money_that_did_not_move(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    for message in (retrieve("r-1"), cancel("r-2"), refund("r-3"), issue("r-4"), cancel_invoice("r-4")):
        bench.tell(message)
    declined(bench)
    assert (await client.get("/ledger")).json()["entries"] == []
