"""What the tests of the payment flow say to it, without bus and database, and a payment at any point of its life."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from bus.message import Message
from payment_service.messages import CallOutcome, CaseAction, ChargeCard
from payment_service.payment import Case, Payment
from saga.stepping import Step
from saga.testing import Conversation
from tests.payment_service.words import EUR_100, PAYER

CASE_ID = UUID("6d696e75-0000-4000-8000-000000000002")
CASE = Case(case_id=CASE_ID, reason="card declined", opened_at=datetime(2026, 1, 1, tzinfo=UTC))

MONEY = ("credit_used", "charged", "refunded_credit", "refunded_card")


class Accounts:
    """Every customer has so much credit: `rules.CreditAccounts` without a database."""

    def __init__(self, cents: int) -> None:
        self.cents = cents

    def balance(self, customer_id: str, currency: str) -> int:
        return self.cents


def payment(state: str, **changes: Any) -> Payment:
    """Of 100 euros, as it is in `state`."""
    name = state.partition("/")[0]
    made = Payment(reference="r-1", attempt=1, amount=EUR_100, payer=PAYER, card_token="tok_ok", reason="card declined")
    if name in ("received", "refunding", "waiting_to_refund", "refunded"):
        made = made.model_copy(update={"charged": 10000})
    if name in ("in_clearing", "failed"):
        made = made.model_copy(update={"case": CASE})
    if name in ("unsure", "waiting_to_refund", "waiting_for_gateway"):
        made = made.model_copy(update={"tries": 1, "perhaps_charged": name == "unsure"})
    return made.model_copy(update=changes)


def outcome(cls: type[CallOutcome], call: str = "1.0") -> Message:
    """What came of the call; if nothing is said, of the first one."""
    fields = {"reference": "r-1", "attempt": 1, "call": call, "reason": "as the test wants it"}
    return cls.model_validate(fields)


def case_action(cls: type[CaseAction]) -> Message:
    fields = {"reference": "r-1", "attempt": 1, "case_id": CASE_ID, "author": "ann", "reason": "spoke to her"}
    return cls.model_validate({**fields, "card_token": "tok_new"})


def asked(said: Conversation) -> ChargeCard:
    assert isinstance(said.outcome, Step)
    effect = said.outcome.sends[0]
    assert isinstance(effect, ChargeCard)
    return effect


def in_hand(said: Conversation) -> dict[str, int]:
    """The money that has moved so far."""
    return {name: getattr(said.instance.data, name) for name in MONEY if getattr(said.instance.data, name)}
