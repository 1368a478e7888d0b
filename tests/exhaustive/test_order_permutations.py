"""Every permutation of seven messages of the order flow, on the pure flow."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from order_service.flow import order_flow
from order_service.neighbours import (
    GoodsFetched,
    GoodsReleased,
    GoodsShipped,
    GoodsUnavailable,
    InvoiceDefaulted,
    InvoiceIssued,
    InvoicePaid,
    PaymentCancelled,
    PaymentFailed,
    PaymentInClearing,
    PaymentReceived,
    PaymentRefunded,
    ShipmentCancellationRefused,
    ShipmentCancelled,
    ShipmentFailed,
)
from tests.exhaustive.order_world import Truth, can_be_said, check
from tests.exhaustive.telling import Comes, Said, Teller, ends, finished
from tests.order_service.words import CANCEL, CLOSE, EUR_12, RETRY, Shop, customer, decide, hear, place

RECEIVED, IN_CLEARING = hear(PaymentReceived, 1), hear(PaymentInClearing, 1)
FETCHED, SHIPPED = hear(GoodsFetched), hear(GoodsShipped)
DEADLINE, WEEK = Comes(), Comes("price guarantee")


@dataclass(frozen=True)
class Meeting:
    """Messages that can meet, what the participants have decided, and what orders may come to."""

    name: str
    messages: Sequence[Said]
    ends: set[str]
    truth: Truth = field(default_factory=Truth)
    by_invoice: bool = False
    person: Said = RETRY


BOTH = {"completed", "cancelled"}
MEETINGS = (
    Meeting(
        "regretted on the way",
        [place(), IN_CLEARING, RECEIVED, FETCHED, SHIPPED, CANCEL, DEADLINE],
        BOTH,
    ),
    Meeting(
        "regretted twice, and everything is late",
        [place(), RECEIVED, CANCEL, CANCEL, DEADLINE, DEADLINE, DEADLINE],
        {"cancelled"},
    ),
    Meeting(
        "nobody pays",
        [place(), IN_CLEARING, hear(PaymentFailed, 1), hear(PaymentReceived, 2), WEEK, decide(True), DEADLINE],
        BOTH,
        Truth({1: PaymentFailed, 2: PaymentReceived}),
    ),
    Meeting(
        "priced anew",
        [place(), WEEK, hear(PaymentCancelled, 1), decide(True, 2), hear(PaymentReceived, 2), IN_CLEARING, DEADLINE],
        BOTH,
        Truth({1: PaymentCancelled, 2: PaymentReceived}),
    ),
    Meeting(
        "priced anew, and two answers",
        [place(), WEEK, hear(PaymentCancelled, 1), decide(True, 2), decide(False, 2), decide(True, 3), DEADLINE],
        BOTH,
        Truth({1: PaymentCancelled, 2: PaymentReceived}),
    ),
    Meeting(
        "paid when the price was over",
        [place(), WEEK, RECEIVED, FETCHED, SHIPPED, decide(True), CANCEL],
        BOTH,
    ),
    Meeting(
        "sold out",
        [place(), RECEIVED, hear(GoodsUnavailable), hear(PaymentRefunded, 1), hear(GoodsReleased), CANCEL, DEADLINE],
        {"cancelled"},
        Truth(goods=GoodsUnavailable),
    ),
    Meeting(
        "inventory answers late",
        [place(), RECEIVED, DEADLINE, FETCHED, hear(PaymentRefunded, 1), hear(GoodsReleased), DEADLINE],
        BOTH,
    ),
    Meeting(
        "no carrier takes it",
        [place(), RECEIVED, FETCHED, hear(ShipmentFailed), hear(PaymentRefunded, 1), CANCEL, DEADLINE],
        {"cancelled"},
        Truth(parcel=ShipmentFailed),
    ),
    Meeting(
        "called back in time",
        [place(), RECEIVED, FETCHED, CANCEL, hear(ShipmentCancelled), hear(GoodsReleased), DEADLINE],
        {"cancelled"},
        Truth(parcel=ShipmentCancelled),
    ),
    Meeting(
        "called back too late",
        [RECEIVED, FETCHED, CANCEL, SHIPPED, hear(ShipmentCancellationRefused), DEADLINE, place()],
        BOTH,
    ),
    Meeting(
        "a person gives it up",
        [place(), CANCEL, DEADLINE, CLOSE, RECEIVED, hear(PaymentRefunded, 1), DEADLINE],
        {"cancelled", "closed"},
        person=CLOSE,
    ),
    Meeting(
        "a person tries again",
        [place(), RECEIVED, hear(GoodsUnavailable), DEADLINE, RETRY, RETRY, hear(PaymentRefunded, 1)],
        {"cancelled"},
        Truth(goods=GoodsUnavailable),
    ),
    Meeting(
        "by invoice",
        [place(by_invoice=True), FETCHED, SHIPPED, hear(InvoiceIssued), hear(InvoicePaid), CANCEL, DEADLINE],
        BOTH,
        Truth({}),
        by_invoice=True,
    ),
    Meeting(
        "an invoice that nobody pays for long",
        [place(by_invoice=True), FETCHED, SHIPPED, hear(InvoiceDefaulted), hear(InvoicePaid), DEADLINE, RETRY],
        BOTH,
        Truth({}),
        by_invoice=True,
    ),
)


def named(meeting: Meeting) -> str:
    return meeting.name


def teller(meeting: Meeting) -> Teller:
    return Teller(order_flow, Shop(customer("vip" if meeting.by_invoice else "standard"), tea=EUR_12))


@pytest.mark.parametrize("meeting", MEETINGS, ids=named)
def test_whatever_comes_first_an_order_ends_well(meeting: Meeting) -> None:
    """In all 5,040 sequences; nobody answers before he is asked, and then everybody answers what is still open.

    Nothing contradicts anything. The order ends, in one of the declared ends, and each of these does occur; it says
    so once. Of money that came it keeps that of its last attempt if it is completed, else none; goods that were
    fetched are shipped if it is completed, else released; nothing is asked for twice; no undo is left open, and none
    is sent twice unless a person or a deadline wants it again.
    """
    telling = teller(meeting)
    finals = [
        finished(telling, told, meeting.truth.answers, meeting.person)
        for told in ends(telling, telling.beginning(), meeting.messages, can_be_said)
    ]
    for told in finals:
        check(told, meeting.truth)
    assert {told.state for told in finals} == meeting.ends


@pytest.mark.parametrize("meeting", MEETINGS, ids=named)
def test_whatever_a_stranger_says_the_table_decides(meeting: Meeting) -> None:
    """In all 5,040 sequences, also those in which effects come before their causes: no error but a contradiction that
    the table declares, or a message that came before the start; and no state waits without a deadline or a person.
    """
    telling = teller(meeting)
    assert all(told.deferred == () for told in ends(telling, telling.beginning(), meeting.messages))
