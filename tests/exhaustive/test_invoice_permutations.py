"""Every permutation of seven messages of the invoice flow, on the pure flow."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from payment_service.invoice import Invoice
from payment_service.invoice_flow import invoice_flow
from payment_service.messages import InvoiceCancelled, InvoiceDefaulted, InvoiceIssued, InvoicePaid, Money, MoneyCame
from tests.exhaustive.telling import Comes, Said, Teller, Told, ends
from tests.payment_service.words import cancel_invoice, issue

ISSUE, CANCEL, ASKED = issue(), cancel_invoice(), 10000
FIRST, SECOND, DEFAULT = Comes("first reminder"), Comes("second reminder"), Comes("default")


def money(cents: int) -> MoneyCame:
    return MoneyCame(reference="r-1", amount=Money(amount=cents, currency="EUR"))


@dataclass(frozen=True)
class Meeting:
    """Messages that can meet, and what invoices may come to."""

    name: str
    messages: Sequence[Said]
    ends: set[str]


MEETINGS = (
    Meeting("paid in parts", [ISSUE, money(4000), money(6000), ISSUE, FIRST, SECOND, DEFAULT], {"paid"}),
    Meeting("paid too much", [ISSUE, money(4000), money(9000), money(1000), ISSUE, FIRST, DEFAULT], {"paid"}),
    Meeting("paid too little", [ISSUE, money(4000), money(1000), ISSUE, FIRST, SECOND, DEFAULT], {"defaulted"}),
    Meeting(
        "called off",
        [ISSUE, CANCEL, money(4000), money(6000), ISSUE, FIRST, DEFAULT],
        {"paid", "cancelled"},
    ),
    Meeting(
        "called off twice",
        [ISSUE, CANCEL, CANCEL, money(10000), ISSUE, FIRST, DEFAULT],
        {"paid", "cancelled"},
    ),
)


def once_issued(told: Told, said: Said) -> bool:
    """Who pays has seen it."""
    return told.instance.data is not None or not isinstance(said, MoneyCame)


@pytest.mark.parametrize("meeting", MEETINGS, ids=lambda meeting: meeting.name)
def test_whatever_comes_first_an_invoice_ends_well(meeting: Meeting) -> None:
    """In all 5,040 sequences nothing contradicts anything, and what is said of it is true."""
    telling = Teller(invoice_flow, None)
    finals = ends(telling, telling.beginning(), meeting.messages, once_issued)
    finals = [telling.tell(told, DEFAULT) for told in finals]
    for told in finals:
        check(told)
    assert {told.state for told in finals} == meeting.ends


def check(told: Told) -> None:
    """It is paid, defaulted or cancelled, and not paid and cancelled; no money is lost, and none is owed twice."""
    invoice: Invoice = told.instance.data
    assert told.parked == told.deferred == (), told.names()
    assert invoice.paid <= invoice.amount.amount, told.names()
    assert (told.count(InvoicePaid) > 0) == (told.state == "paid"), f"{told.names()}: {told.state}"
    assert (told.count(InvoiceCancelled) > 0) == (told.state == "cancelled"), f"{told.names()}: {told.state}"
    assert told.count(InvoiceDefaulted) <= 1, told.names()
    if told.state != "cancelled":  # else it is refused
        came = sum(said.amount.amount for said in told.heard if isinstance(said, MoneyCame))
        assert invoice.paid + invoice.surplus == came, told.names()
        assert invoice.paid == min(came, ASKED), told.names()
        assert told.count(InvoiceIssued) > 0, told.names()
