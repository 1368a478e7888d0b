"""The invoice flow's table, cell for cell, and its deadlines on the bus."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bus.message import Message
from payment_service import desk
from payment_service.invoice import Invoice
from payment_service.invoice_flow import invoice_flow
from payment_service.messages import (
    CancelInvoice,
    InvoiceCancelled,
    InvoiceDefaulted,
    InvoiceIssued,
    InvoicePaid,
    InvoiceReminded,
    IssueInvoice,
    Money,
    MoneyCame,
)
from saga.row import Deadline
from saga.testing import Conversation, given
from tests.payment_service.words import DEFAULTED, EUR_100, PAID, PAYER, REMINDED, cancel_invoice, euros, issue
from tests.service_bench import ServiceBench

ISSUED_AT = datetime(2026, 1, 1, tzinfo=UTC)
ISSUE, CANCEL = issue(), cancel_invoice()
PART, REST = (MoneyCame(reference="r-1", amount=Money(amount=cents, currency="EUR")) for cents in (4000, 10000))
NOTHING = issue(amount=Money(amount=0, currency="EUR"))

# while, when, the rule that holds; then what it becomes (None: it stays), and what is sent
Cell = tuple[str, Message, str | None, str | None, Sequence[type[Message]]]

CELLS: list[Cell] = [
    ("start", NOTHING, "nothing_to_pay", "paid", [InvoicePaid]),
    ("start", ISSUE, None, "open", [InvoiceIssued]),
    ("start", CANCEL, None, "cancelled", [InvoiceCancelled]),
    ("open", ISSUE, None, None, [InvoiceIssued]),
    ("open", CANCEL, None, "cancelled", [InvoiceCancelled]),
    ("open", REST, "pays_the_rest", "paid", [InvoicePaid]),
    ("open", PART, None, None, []),
    ("defaulted", ISSUE, None, None, [InvoiceIssued]),
    ("defaulted", CANCEL, None, "cancelled", [InvoiceCancelled]),
    ("defaulted", REST, "pays_the_rest", "paid", [InvoicePaid]),
    ("defaulted", PART, None, None, []),
    ("paid", ISSUE, None, None, [InvoicePaid]),
    ("paid", CANCEL, None, None, [InvoicePaid]),
    ("paid", PART, None, None, []),
    ("cancelled", ISSUE, None, None, [InvoiceCancelled]),
    ("cancelled", CANCEL, None, None, [InvoiceCancelled]),
]
REFUSED = [("start", "no such invoice"), ("cancelled", "nothing is to be paid")]
DEADLINES = [
    ("first reminder", 7, None, InvoiceReminded),
    ("second reminder", 14, None, InvoiceReminded),
    ("default", 30, "defaulted", InvoiceDefaulted),
]


def while_(state: str) -> Conversation:
    """An invoice of 100 euros, due after 30 days."""
    due = ISSUED_AT + timedelta(days=30)
    paid = 10000 if state == "paid" else 0
    data = Invoice(reference="r-1", amount=EUR_100, payer=PAYER, issued_at=ISSUED_AT, due_at=due, paid=paid)
    return given(invoice_flow, state, data=None if state == "start" else data)


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_does_what_it_says(cell: Cell) -> None:
    state, message, _, becomes, sends = cell
    while_(state).when(message).then(becomes=becomes, sends=sends)


@pytest.mark.parametrize(("state", "why"), REFUSED)
def test_money_for_no_invoice_is_refused(state: str, why: str) -> None:
    while_(state).when(PART).then_refused(why)


@pytest.mark.parametrize(("name", "days", "becomes", "sends"), DEADLINES)
def test_every_deadline_counts_from_the_due_date(
    name: str, days: int, becomes: str | None, sends: type[Message]
) -> None:
    late = while_("open").when_deadline(name).then(becomes=becomes, sends=[sends])
    assert late.moment.now == ISSUED_AT + timedelta(days=30 + days)


def test_no_cell_is_without_a_test() -> None:
    tested = {(state, type(message), rule) for state, message, rule, _, _ in CELLS}
    tested |= {(state, MoneyCame, None) for state, _ in REFUSED}
    cells = [cell for cell in invoice_flow.cells if not isinstance(cell.trigger, Deadline)]
    assert {(c.state.label, c.trigger, c.row.given.__name__ if c.row.given else None) for c in cells} == tested
    assert {d.name for d in invoice_flow.deadlines("open")} == {name for name, _, _, _ in DEADLINES}
    assert {IssueInvoice, CancelInvoice, MoneyCame} == set(invoice_flow.messages)


# --- on the bus


def pass_days(bench: ServiceBench, days: int) -> list[tuple[int, str, int]]:
    """Day by day: which day, what was said, and how much it says is open."""
    said = []
    for _ in range(days):
        bench.clock.advance(timedelta(days=1))
        day = (bench.clock.now() - ISSUED_AT).days
        said += [(day, name, body["amount"]["amount"]) for name, body in bench.fire_timers()]
    return said


def pay(bench: ServiceBench, cents: int) -> None:
    bench.call(lambda context: desk.pay_invoice("r-1", Money(amount=cents, currency="EUR"), context))


def test_an_unpaid_invoice_is_reminded_twice_and_defaults(bench: ServiceBench) -> None:
    bench.tell(issue(due_days=30))
    assert pass_days(bench, 100) == [(37, REMINDED, 10000), (44, REMINDED, 10000), (60, DEFAULTED, 10000)]


def test_a_reminder_asks_for_what_is_still_open(bench: ServiceBench) -> None:
    bench.tell(issue(due_days=0))
    pay(bench, 4000)
    assert pass_days(bench, 7) == [(7, REMINDED, 6000)]


def test_a_paid_invoice_is_not_reminded(bench: ServiceBench) -> None:
    bench.tell(issue(due_days=14))
    pass_days(bench, 21)
    pay(bench, 10000)
    assert pass_days(bench, 60) == []


def test_a_cancelled_invoice_is_not_reminded(bench: ServiceBench) -> None:
    bench.tell(issue(due_days=14))
    bench.tell(CANCEL)
    assert pass_days(bench, 60) == []


def test_a_defaulted_invoice_can_still_be_paid(bench: ServiceBench) -> None:
    bench.tell(issue(due_days=0))
    pass_days(bench, 31)
    pay(bench, 10000)
    assert bench.tell(ISSUE) == [(PAID, {"reference": "r-1", "amount": euros(10000)})]


def test_after_a_month_of_downtime_all_of_it_is_said_in_due_sequence(bench: ServiceBench) -> None:
    bench.tell(issue(due_days=0))
    bench.clock.advance(timedelta(days=90))
    assert [name for name, _ in bench.fire_timers()] == [REMINDED, REMINDED, DEFAULTED]
