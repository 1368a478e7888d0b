"""The payment flow along the way: the money of card and credit, the pauses between tries, what happens to a case."""

from datetime import timedelta

import pytest

from bus.message import Message
from payment_service.flow import payment_flow
from payment_service.messages import (
    CardCharged,
    CardDeclined,
    CardNotCharged,
    CardRefunded,
    ChargeCard,
    ClaimCase,
    GiveUpCase,
    PaymentReceived,
    TakeNewCard,
)
from payment_service.payment import Payment
from saga.testing import Conversation, given
from tests.payment_service.flow_words import Accounts, asked, case_action, in_hand, outcome, payment
from tests.payment_service.words import cancel, refund, retrieve


def data(said: Conversation) -> Payment:
    found: Payment = said.instance.data
    return found


def test_credit_is_used_first_and_the_card_pays_the_rest() -> None:
    said = given(payment_flow, "start", facts=Accounts(3000)).when(retrieve())
    said.then(becomes="charging", sends=[ChargeCard])
    assert asked(said).amount.amount == 7000
    assert in_hand(said) == {"credit_used": 3000}
    assert in_hand(said.when(outcome(CardCharged))) == {"credit_used": 3000, "charged": 7000}


def test_no_more_credit_is_used_than_is_asked_for() -> None:
    said = given(payment_flow, "start", facts=Accounts(50000)).when(retrieve())
    assert in_hand(said.then(becomes="received", sends=[PaymentReceived])) == {"credit_used": 10000}


CALLED_OFF = {
    "cancelled in clearing": ("in_clearing", cancel()),
    "refunded in clearing": ("in_clearing", refund()),
    "given up": ("in_clearing", case_action(GiveUpCase)),
    "cancelled while the gateway is away": ("waiting_for_gateway", cancel()),
    "cancelled during the call": ("charging/cancel_wished", outcome(CardDeclined)),
    "refunded during the call": ("charging/refund_wished", outcome(CardNotCharged)),
    "both during the call": ("charging/both_wished", outcome(CardNotCharged)),
}


@pytest.mark.parametrize(("state", "message"), CALLED_OFF.values(), ids=CALLED_OFF.keys())
def test_credit_that_was_used_is_restored_if_the_card_does_not_pay(state: str, message: Message) -> None:
    said = given(payment_flow, state, data=payment(state, credit_used=3000)).when(message)
    assert in_hand(said) == {"credit_used": 3000, "refunded_credit": 3000}


def test_credit_that_was_used_is_restored_if_nobody_clears_it() -> None:
    said = given(payment_flow, "in_clearing", data=payment("in_clearing", credit_used=3000)).when_deadline("clearing")
    assert in_hand(said) == {"credit_used": 3000, "refunded_credit": 3000}


def test_a_refund_goes_to_card_and_credit() -> None:
    paid = given(payment_flow, "received", data=payment("received", credit_used=3000, charged=7000))
    said = paid.when(refund()).when(outcome(CardRefunded))
    assert in_hand(said) == {"credit_used": 3000, "charged": 7000, "refunded_credit": 3000, "refunded_card": 7000}
    assert said.outcome.sends[0].amount.amount == 10000  # type: ignore[union-attr]


@pytest.mark.parametrize("state", ["charging/refund_wished", "unsure/both_wished"])
def test_money_that_came_unwanted_goes_back_at_once_credit_included(state: str) -> None:
    said = given(payment_flow, state, data=payment(state, credit_used=3000)).when(outcome(CardCharged))
    assert in_hand(said) == {"credit_used": 3000, "charged": 7000, "refunded_credit": 3000}


def test_pauses_grow_from_a_second_to_hours_and_end_after_a_day() -> None:
    said = given(payment_flow, "start", facts=Accounts(0)).when(retrieve())
    began, pauses = said.moment.now, []
    while said.when(outcome(CardNotCharged, call=data(said).call)).instance.state == "waiting_for_gateway":
        said = said.when(outcome(CardNotCharged, call=data(said).call))
        before = said.moment.now
        said = said.when_deadline("next try")
        pauses.append(said.moment.now - before)
    assert pauses[0] == timedelta(seconds=1)
    assert pauses == sorted(pauses)
    assert said.moment.now - began == timedelta(days=1)
    said = said.when(outcome(CardNotCharged, call=data(said).call))
    assert data(said).reason == "the gateway could not be reached for a day: as the test wants it"


def test_a_new_card_has_a_day_of_tries_and_a_case_of_its_own() -> None:
    first = given(payment_flow, "charging", data=payment("charging", tries=9)).when(outcome(CardDeclined, call="1.9"))
    case = data(first).case
    assert case is not None
    action = TakeNewCard.model_validate({**case_action(TakeNewCard).model_dump(), "case_id": case.case_id})
    second = first.when(action)
    assert (data(second).call, data(second).charge_key, data(second).reason) == ("2.0", "r-1/1/2", "")
    again = data(second.when(outcome(CardDeclined, call="2.0"))).case
    assert again is not None
    assert again.case_id != case.case_id
    assert again.agent is None


def test_what_happened_to_a_case_is_noted() -> None:
    open_ = given(payment_flow, "in_clearing", data=payment("in_clearing"))
    late = data(open_.when_deadline("escalation")).case
    assert late is not None
    assert late.escalated_at == open_.moment.now + timedelta(days=3)
    case = data(open_.when(case_action(ClaimCase)).when(case_action(GiveUpCase))).case
    assert case is not None
    assert (case.agent, case.outcome, case.note, case.closed_at) == (
        "ann",
        "gave_up",
        "spoke to her",
        open_.moment.now,
    )


def test_a_case_that_nobody_clears_fails_after_14_days_and_says_so() -> None:
    said = given(payment_flow, "in_clearing", data=payment("in_clearing")).when_deadline("clearing")
    assert said.moment.now - given(payment_flow, "start").moment.now == timedelta(days=14)
    failed = said.outcome.sends[0]  # type: ignore[union-attr]
    assert failed.reason == "card declined; not cleared in time"  # type: ignore[union-attr]
    case = data(said).case
    assert case is not None
    assert case.outcome == "expired"


def test_the_escalation_leaves_the_other_deadline_alone() -> None:
    escalated = given(payment_flow, "in_clearing", data=payment("in_clearing")).when_deadline("escalation")
    assert escalated.instance.generation == 0


def test_history_says_who_did_it_and_why() -> None:
    said = given(payment_flow, "in_clearing", data=payment("in_clearing")).when(case_action(GiveUpCase))
    row = said.outcome.history[0]  # type: ignore[union-attr]
    assert (row.author, row.reason) == ("ann", "spoke to her")
