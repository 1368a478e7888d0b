"""The payment flow's table, cell for cell: while, when, given; then what becomes of it and what is sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from bus.message import Message
from payment_service.flow import payment_flow
from payment_service.messages import (
    AskGateway,
    CancelPayment,
    CardCharged,
    CardDeclined,
    CardNotCharged,
    CardNotRefunded,
    CardPerhapsCharged,
    CardRefunded,
    ChargeCard,
    ChargeOutcome,
    ClaimCase,
    GiveUpCase,
    PaymentCancelled,
    PaymentFailed,
    PaymentInClearing,
    PaymentReceived,
    PaymentRefunded,
    RefundCard,
    RefundPayment,
    RetrievePayment,
    TakeNewCard,
)
from payment_service.rules import PAUSES
from saga.row import Deadline
from saga.testing import Conversation, given
from tests.payment_service.flow_words import CASE, Accounts, case_action, outcome, payment
from tests.payment_service.words import cancel, refund, retrieve

IGNORED, CONTRADICTION = "ignored", "contradiction"
CLOSED, ANOTHER_AGENTS = "case is closed", "another agent"


@dataclass(frozen=True)
class Moves:
    """The cell's row is followed: to a state, or none if it stays, sending exactly these."""

    becomes: str | None = None
    sends: Sequence[type[Message]] = ()


@dataclass(frozen=True)
class When:
    """A message or a deadline, the rule that holds, and what else is so for it to hold."""

    trigger: type[Message] | str  # a deadline's name
    rule: str | None = None
    message: Message | None = None
    changes: dict[str, Any] = field(default_factory=dict)  # of the payment

    def __hash__(self) -> int:
        return hash((self.trigger, self.rule))

    @property
    def name(self) -> str:
        trigger = self.trigger if isinstance(self.trigger, str) else self.trigger.__name__
        return f"{trigger}, {self.rule}" if self.rule else trigger


Expected = Moves | str

RETRIEVE = When(RetrievePayment, message=retrieve())
CANCEL = When(CancelPayment, message=cancel())
REFUND = When(RefundPayment, message=refund())
CHARGED, DECLINED, NOT_CHARGED, PERHAPS = (
    When(cls, message=outcome(cls)) for cls in (CardCharged, CardDeclined, CardNotCharged, CardPerhapsCharged)
)
AFTER_A_DAY = When(CardNotCharged, "after_a_day_of_tries", outcome(CardNotCharged), {"tries": len(PAUSES)})
OLD_CALLS = [
    When(cls, "of_another_call", outcome(cls, call="1.7")) for cls in (CardDeclined, CardNotCharged, CardPerhapsCharged)
]
REFUNDED, NOT_REFUNDED = (When(cls, message=outcome(cls)) for cls in (CardRefunded, CardNotRefunded))
CLAIM, NEW_CARD, GIVE_UP = (When(cls, message=case_action(cls)) for cls in (ClaimCase, TakeNewCard, GiveUpCase))
CASE_ACTIONS = [CLAIM, NEW_CARD, GIVE_UP]
OF_ANOTHER_CASE = [When(w.trigger, "of_another_case", w.message, {"case": None}) for w in CASE_ACTIONS]
OF_ANOTHER_AGENT = [
    When(w.trigger, "of_another_agent", w.message, {"case": CASE.model_copy(update={"agent": "bob"})})
    for w in CASE_ACTIONS
]
NO_OUTCOME, NEXT_TRY = When("outcome of the call"), When("next try")
NEXT_TRY_AFTER_A_DAY = When("next try", "after_a_day_of_tries", changes={"tries": len(PAUSES)})

NO_CASE: dict[When, Expected] = dict.fromkeys(CASE_ACTIONS, CLOSED)
STALE: dict[When, Expected] = dict.fromkeys(OLD_CALLS, IGNORED)
NOT_IN: dict[When, Expected] = dict.fromkeys([DECLINED, NOT_CHARGED, PERHAPS], CONTRADICTION)
NO_CHARGE: dict[When, Expected] = {CHARGED: CONTRADICTION, **NOT_IN}
NO_REFUND: dict[When, Expected] = dict.fromkeys([REFUNDED, NOT_REFUNDED], CONTRADICTION)
COMMANDS = [RETRIEVE, CANCEL, REFUND]


def calling(variant: str, **rows: Expected) -> dict[When, Expected]:
    """A call is under way, its outcome will tell."""
    return {
        RETRIEVE: IGNORED,
        CANCEL: rows["cancel"],
        REFUND: rows["refund"],
        CHARGED: rows["charged"],
        DECLINED: rows["declined"],
        NOT_CHARGED: rows["not_charged"],
        PERHAPS: Moves(f"unsure{variant}"),
        NO_OUTCOME: Moves(f"unsure{variant}"),
        **STALE,
        OLD_CALLS[-1]: Moves(f"unsure{variant}"),
        **NO_CASE,
        **NO_REFUND,
    }


def unsure(variant: str, **rows: Expected) -> dict[When, Expected]:
    """Nothing is under way: only what was given up may still end."""
    return {
        RETRIEVE: IGNORED,
        CANCEL: rows["cancel"],
        REFUND: rows["refund"],
        CHARGED: rows["charged"],
        NEXT_TRY: Moves(f"charging{variant}", rows.get("asks", [AskGateway])),  # type: ignore[arg-type]
        **NOT_IN,
        **STALE,
        **NO_CASE,
        **NO_REFUND,
    }


RECEIVED, BACK = Moves("received", [PaymentReceived]), Moves("refunding", [RefundCard])
OFF, NOTHING_BACK = Moves("cancelled", [PaymentCancelled]), Moves("cancelled", [PaymentRefunded])
BOTH = Moves("cancelled", [PaymentCancelled, PaymentRefunded])
CLEARING = Moves("in_clearing", [PaymentInClearing])

TABLE: dict[str, dict[When, Expected]] = {
    "start": {
        When(RetrievePayment, "credit_covers_it", retrieve()): RECEIVED,
        RETRIEVE: Moves("charging", [ChargeCard]),
        CANCEL: OFF,
        REFUND: NOTHING_BACK,
        **NO_CASE,
        **NO_CHARGE,
        **NO_REFUND,
    },
    "charging": {
        **calling(
            "",
            cancel=Moves("charging/cancel_wished"),
            refund=Moves("charging/refund_wished"),
            charged=RECEIVED,
            declined=CLEARING,
            not_charged=Moves("waiting_for_gateway"),
        ),
        AFTER_A_DAY: CLEARING,
    },
    "charging/cancel_wished": calling(
        "/cancel_wished",
        cancel=IGNORED,
        refund=Moves("charging/both_wished"),
        charged=RECEIVED,
        declined=OFF,
        not_charged=OFF,
    ),
    "charging/refund_wished": calling(
        "/refund_wished",
        cancel=Moves("charging/both_wished"),
        refund=IGNORED,
        charged=BACK,
        declined=NOTHING_BACK,
        not_charged=NOTHING_BACK,
    ),
    "charging/both_wished": calling(
        "/both_wished", cancel=IGNORED, refund=IGNORED, charged=BACK, declined=BOTH, not_charged=BOTH
    ),
    "unsure": {
        **unsure("", cancel=Moves("unsure/cancel_wished"), refund=Moves("unsure/refund_wished"), charged=RECEIVED),
        NEXT_TRY: Moves("charging", [ChargeCard]),
        NEXT_TRY_AFTER_A_DAY: Moves("charging", [AskGateway]),
    },
    "unsure/cancel_wished": unsure(
        "/cancel_wished", cancel=IGNORED, refund=Moves("unsure/both_wished"), charged=RECEIVED
    ),
    "unsure/refund_wished": unsure("/refund_wished", cancel=Moves("unsure/both_wished"), refund=IGNORED, charged=BACK),
    "unsure/both_wished": unsure("/both_wished", cancel=IGNORED, refund=IGNORED, charged=BACK),
    "waiting_for_gateway": {
        RETRIEVE: IGNORED,
        CANCEL: OFF,
        REFUND: NOTHING_BACK,
        NEXT_TRY: Moves("charging", [ChargeCard]),
        **NO_CHARGE,
        **STALE,
        **NO_CASE,
        **NO_REFUND,
    },
    "in_clearing": {
        RETRIEVE: Moves(sends=[PaymentInClearing]),
        CANCEL: OFF,
        REFUND: NOTHING_BACK,
        CLAIM: Moves(),
        NEW_CARD: Moves("charging", [ChargeCard]),
        GIVE_UP: Moves("failed", [PaymentFailed]),
        **dict.fromkeys(OF_ANOTHER_CASE, CLOSED),
        **dict.fromkeys(OF_ANOTHER_AGENT, ANOTHER_AGENTS),
        When("escalation"): Moves(),
        When("clearing"): Moves("failed", [PaymentFailed]),
        **NO_CHARGE,
        **STALE,
        **NO_REFUND,
    },
    "received": {
        RETRIEVE: Moves(sends=[PaymentReceived]),
        CANCEL: Moves(sends=[PaymentReceived]),
        REFUND: BACK,
        When(RefundPayment, "no_card_was_charged", refund(), {"charged": 0}): Moves("refunded", [PaymentRefunded]),
        DECLINED: CONTRADICTION,
        **dict.fromkeys([CHARGED, NOT_CHARGED, PERHAPS], IGNORED),
        **STALE,
        **NO_CASE,
        **NO_REFUND,
    },
    "refunding": {
        **dict.fromkeys(COMMANDS, IGNORED),
        REFUNDED: Moves("refunded", [PaymentRefunded]),
        NOT_REFUNDED: Moves("waiting_to_refund"),
        NO_OUTCOME: Moves("waiting_to_refund"),
        DECLINED: CONTRADICTION,
        **dict.fromkeys([CHARGED, NOT_CHARGED, PERHAPS], IGNORED),
        **STALE,
        **NO_CASE,
    },
    "waiting_to_refund": {
        **dict.fromkeys(COMMANDS, IGNORED),
        REFUNDED: Moves("refunded", [PaymentRefunded]),
        NOT_REFUNDED: IGNORED,
        NEXT_TRY: Moves("refunding", [RefundCard]),
        DECLINED: CONTRADICTION,
        **dict.fromkeys([CHARGED, NOT_CHARGED, PERHAPS], IGNORED),
        **STALE,
        **NO_CASE,
    },
    "refunded": {
        **dict.fromkeys(COMMANDS, Moves(sends=[PaymentRefunded])),
        REFUNDED: IGNORED,
        NOT_REFUNDED: IGNORED,
        DECLINED: CONTRADICTION,
        **dict.fromkeys([CHARGED, NOT_CHARGED, PERHAPS], IGNORED),
        **STALE,
        **NO_CASE,
    },
    "failed": {
        **dict.fromkeys([RETRIEVE, CANCEL], Moves(sends=[PaymentFailed])),
        REFUND: Moves(sends=[PaymentRefunded]),
        **NO_CHARGE,
        **STALE,
        **NO_CASE,
        **NO_REFUND,
    },
    "cancelled": {
        **dict.fromkeys([RETRIEVE, CANCEL], Moves(sends=[PaymentCancelled])),
        REFUND: Moves(sends=[PaymentRefunded]),
        **NO_CHARGE,
        **STALE,
        **NO_CASE,
        **NO_REFUND,
    },
}

CELLS = [(state, when, expected) for state, row in TABLE.items() for when, expected in row.items()]


def say(state: str, when: When) -> Conversation:
    """An outcome is that of the present call, unless the rule is about another."""
    data = payment(state, **when.changes)
    credit = Accounts(10000 if when.rule == "credit_covers_it" else 0)
    before = given(payment_flow, state, data=None if state == "start" else data, facts=credit)
    if isinstance(when.trigger, str):
        return before.when_deadline(when.trigger)
    assert when.message is not None
    present = isinstance(when.message, ChargeOutcome) and when.rule != "of_another_call"
    return before.when(when.message.model_copy(update={"call": data.call} if present else {}))


NAMES = [f"{state}: {when.name}" for state, when, _ in CELLS]


@pytest.mark.parametrize(("state", "when", "expected"), CELLS, ids=NAMES)
def test_every_cell_does_what_it_says(state: str, when: When, expected: Expected) -> None:
    said = say(state, when)
    match expected:
        case Moves(becomes, sends):
            said.then(becomes=becomes, sends=sends)
        case "ignored":
            said.then_ignored()
        case "contradiction":
            said.then_contradicts()
        case why:
            said.then_refused(why)


def test_no_cell_is_without_a_test() -> None:
    """Every state, with every message and deadline that it knows, and every rule that tells two of them apart."""
    tested = {(state, when.trigger, when.rule) for state, when, _ in CELLS}
    there_are = {
        (
            cell.state.label,
            cell.trigger.name if isinstance(cell.trigger, Deadline) else cell.trigger,
            cell.row.given.__name__ if cell.row.given else None,
        )
        for cell in payment_flow.cells
    }
    assert there_are == tested
