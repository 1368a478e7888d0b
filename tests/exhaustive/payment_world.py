"""What the gateway can say to a payment, and what must have come of it in the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from bus.ids import derived
from bus.message import Message
from payment_service.messages import (
    AskGateway,
    CancelPayment,
    CardCharged,
    CardDeclined,
    CardNotCharged,
    CardRefunded,
    ChargeCard,
    ChargeOutcome,
    PaymentCancelled,
    PaymentFailed,
    PaymentReceived,
    PaymentRefunded,
    RefundCard,
    RefundPayment,
    TakeNewCard,
)
from payment_service.payment import Payment
from tests.exhaustive.telling import Said, Told
from tests.payment_service.flow_words import case_action, outcome

DECISIONS = (PaymentReceived, PaymentFailed, PaymentCancelled)


def case_of(card: int) -> UUID:
    return derived("clearing case", "r-1", 1, card)


def clear(action: type[Message], card: int = 1) -> Message:
    """What an agent does with the case of this card."""
    made = case_action(action)  # type: ignore[arg-type]
    return made.model_copy(update={"case_id": case_of(card)})


@dataclass(frozen=True)
class Cards:
    """What the gateway does with each card, by its number: it charges it, or it declines it."""

    charged: Mapping[int, bool] = field(default_factory=lambda: {1: True})

    def answers(self, told: Told, effect: Message) -> Sequence[Message]:
        match effect:
            case ChargeCard(call=call) | AskGateway(call=call) if call in calls_over(told):
                return []
            case ChargeCard(call=call):
                return [outcome(CardCharged if self._charges(call) else CardDeclined, call)]
            case AskGateway(call=call):
                return [outcome(CardCharged if self._charges(call) else CardNotCharged, call)]
            case RefundCard():
                return [outcome(CardRefunded)]
        return []

    def _charges(self, call: str) -> bool:
        return self.charged[int(call.partition(".")[0])]


def can_be_said(told: Told, said: Said) -> bool:
    """Nothing comes of a call before it is made; each call has one outcome."""
    if isinstance(said, ChargeOutcome):
        calls = [effect.call for effect in told.sent if isinstance(effect, ChargeCard | AskGateway)]
        return said.call in calls and said.call not in calls_over(told)
    if isinstance(said, Message) and said.wire_name in ("payment.card-refunded.v1", "payment.card-not-refunded.v1"):
        return told.count(RefundCard) > 0
    return True


def calls_over(told: Told) -> list[str]:
    return [said.call for said in told.heard if isinstance(said, ChargeOutcome)]


def check(told: Told) -> None:
    """What must have come of a payment, however it got there."""
    assert told.parked == (), f"{told.names()}: {told.parked}"
    check_answers(told)
    check_money(told, told.instance.data)


def check_answers(told: Told) -> None:
    """It is decided once, each time in the same words; whoever wished it undone hears that it is."""
    decisions = {type(message) for message in told.sent if isinstance(message, DECISIONS)}
    assert len(decisions) <= 1, f"{told.names()}: {decisions}"
    heard = {type(said) for said in told.heard}
    if RefundPayment in heard:
        assert told.count(PaymentRefunded) > 0, f"{told.names()}: no answer to the refund"
        after = told.sent[[type(m) for m in told.sent].index(PaymentRefunded) :]
        assert not any(isinstance(m, PaymentReceived) for m in after), f"{told.names()}: received after it was refunded"
    if CancelPayment in heard:
        assert decisions or told.count(PaymentRefunded), f"{told.names()}: no answer to the cancellation"


def check_money(told: Told, payment: Payment) -> None:
    """At most one card is charged; it is given back once if that was wished, under one key; and so is credit."""
    tried = {message.charge_key for message in told.sent if isinstance(message, ChargeCard)}
    charged = {said.call.partition(".")[0] for said in told.heard if isinstance(said, CardCharged)}
    refunds = {(message.refund_key, message.amount.amount) for message in told.sent if isinstance(message, RefundCard)}
    kept = payment.to_charge if told.state == "received" else 0
    assert len(charged) <= 1, f"{told.names()}: {charged} were charged"
    assert payment.charged == (payment.to_charge if charged else 0), f"{told.names()}: {told.state}, {payment.charged}"
    assert payment.charged - payment.refunded_card == kept, f"{told.names()}: {told.state}"
    assert len(refunds) == (1 if charged and not kept else 0), f"{told.names()}: {told.state}, {refunds}"
    in_use = payment.credit_used - payment.refunded_credit
    assert in_use == (payment.credit_used if told.state == "received" else 0), f"{told.names()}: {told.state}"
    assert told.state == "received" or payment.case is None or payment.case.outcome, f"{told.names()}: an open case"
    assert len(tried) <= 1 + sum(isinstance(said, TakeNewCard) for said in told.heard)
