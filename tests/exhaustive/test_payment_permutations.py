"""Every permutation of seven messages of the payment flow, on the pure flow."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from payment_service.flow import payment_flow
from payment_service.messages import (
    CardCharged,
    CardDeclined,
    CardNotCharged,
    CardNotRefunded,
    CardPerhapsCharged,
    CardRefunded,
    ClaimCase,
    GiveUpCase,
    TakeNewCard,
)
from tests.exhaustive.payment_world import Cards, can_be_said, check, clear
from tests.exhaustive.telling import Comes, Said, Teller, ends, finished
from tests.payment_service.flow_words import Accounts, outcome
from tests.payment_service.words import cancel, refund, retrieve

RETRIEVE, CANCEL, REFUND = retrieve(), cancel(), refund()
DECLINED, DECLINED_2, CHARGED_2 = outcome(CardDeclined), outcome(CardDeclined, "2.0"), outcome(CardCharged, "2.0")
DEADLINE, NEXT_TRY, LOST = Comes(), Comes("next try"), Comes("outcome of the call")


@dataclass(frozen=True)
class Meeting:
    """Messages that can meet, what the gateway does, and what payments may come to."""

    name: str
    messages: Sequence[Said]
    ends: set[str]
    cards: Cards = field(default_factory=Cards)
    credit: int = 0


DECLINED_FIRST = Cards({1: False, 2: True})
MEETINGS = (
    Meeting(
        "called off while it is charged",
        [RETRIEVE, CANCEL, REFUND, outcome(CardCharged), outcome(CardRefunded), RETRIEVE, DEADLINE],
        {"cancelled", "refunded"},
    ),
    Meeting(
        "called off, and the first answer is unknown",
        [RETRIEVE, CANCEL, outcome(CardPerhapsCharged), NEXT_TRY, outcome(CardCharged, "1.1"), RETRIEVE, DEADLINE],
        {"cancelled", "received"},
    ),
    Meeting(
        "refunded, and the first answer is unknown",
        [RETRIEVE, REFUND, REFUND, outcome(CardPerhapsCharged), NEXT_TRY, outcome(CardCharged, "1.1"), CANCEL],
        {"cancelled", "refunded"},
    ),
    Meeting(
        "the gateway is away",
        [RETRIEVE, outcome(CardNotCharged), NEXT_TRY, outcome(CardNotCharged, "1.1"), NEXT_TRY, CANCEL, REFUND],
        {"cancelled", "refunded"},
    ),
    Meeting(
        "the gateway is away, and nobody calls it off",
        [RETRIEVE, outcome(CardNotCharged), NEXT_TRY, outcome(CardNotCharged, "1.1"), NEXT_TRY, RETRIEVE, DEADLINE],
        {"received"},
    ),
    Meeting(
        "an outcome is lost, and comes after all",
        [RETRIEVE, LOST, NEXT_TRY, outcome(CardCharged), outcome(CardCharged, "1.1"), REFUND, CANCEL],
        {"cancelled", "refunded"},
    ),
    Meeting(
        "an outcome is lost, and comes after all: it was declined",
        [RETRIEVE, LOST, NEXT_TRY, DECLINED, outcome(CardDeclined, "1.1"), clear(TakeNewCard), CANCEL],
        {"cancelled", "received"},
        DECLINED_FIRST,
    ),
    Meeting(
        "a new card",
        [RETRIEVE, DECLINED, clear(ClaimCase), clear(TakeNewCard), CHARGED_2, CANCEL, REFUND],
        {"cancelled", "refunded"},
        DECLINED_FIRST,
    ),
    Meeting(
        "a new card is no better",
        [RETRIEVE, DECLINED, clear(TakeNewCard), DECLINED_2, clear(GiveUpCase, 2), clear(GiveUpCase), CANCEL],
        {"cancelled", "failed"},
        Cards({1: False, 2: False}),
    ),
    Meeting(
        "nobody clears it",
        [RETRIEVE, DECLINED, Comes("escalation"), Comes("clearing"), clear(GiveUpCase), CANCEL, RETRIEVE],
        {"cancelled", "failed"},
        DECLINED_FIRST,
        credit=3000,
    ),
    Meeting(
        "given back with difficulties",
        [RETRIEVE, outcome(CardCharged), REFUND, outcome(CardNotRefunded), NEXT_TRY, outcome(CardRefunded), CANCEL],
        {"cancelled", "refunded"},
        credit=3000,
    ),
    Meeting(
        "credit covers it",
        [RETRIEVE, REFUND, CANCEL, RETRIEVE, REFUND, CANCEL, clear(ClaimCase)],
        {"cancelled", "refunded"},
        credit=10000,
    ),
)


def named(meeting: Meeting) -> str:
    return meeting.name


def teller(meeting: Meeting) -> Teller:
    return Teller(payment_flow, Accounts(meeting.credit))


@pytest.mark.parametrize("meeting", MEETINGS, ids=named)
def test_whatever_comes_first_a_payment_ends_well(meeting: Meeting) -> None:
    """In all 5,040 sequences; a call has an outcome once it is made, and then every call that is still open has one.

    Nothing contradicts anything. The payment ends, in one of the declared ends, and each of these does occur. It is
    decided once; who wished it cancelled or refunded gets an answer, and hears of no money after that of the refund.
    At most one card is charged. Of what was charged, and of credit, a payment that is received keeps all, any other
    nothing: it is given back under one key. No case is left open.
    """
    telling = teller(meeting)
    finals = [
        finished(telling, told, meeting.cards.answers, RETRIEVE)
        for told in ends(telling, telling.beginning(), meeting.messages, can_be_said)
    ]
    for told in finals:
        check(told)
    assert {told.state for told in finals} == meeting.ends


@pytest.mark.parametrize("meeting", MEETINGS, ids=named)
def test_whatever_comes_before_its_cause_the_table_decides(meeting: Meeting) -> None:
    """In all 5,040 sequences, also those in which effects come before their causes: no error but a contradiction that
    the table declares; and no state waits without a deadline.
    """
    telling = teller(meeting)
    assert all(told.deferred == () for told in ends(telling, telling.beginning(), meeting.messages))
