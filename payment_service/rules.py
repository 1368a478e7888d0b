"""The business decisions about card payments: plain functions, without database, clock or ids."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bus.envelope import rfc3339
from bus.message import Message
from payment_service.messages import (
    NO_CURRENCY,
    CardDeclined,
    ChargeCard,
    Money,
    PaymentCancelled,
    PaymentEvent,
    PaymentFailed,
    PaymentReceived,
    PaymentRefunded,
    RefundCard,
    RetrievePayment,
)
from payment_service.payment import Payment

# --- what becomes of a card payment


def latest_attempt(payments: Sequence[Payment]) -> int:
    """What a command means that names no attempt."""
    return max((payment.attempt for payment in payments), default=1)


def asked(command: RetrievePayment, payment_id: str, now: datetime) -> Payment:
    amount = command.amount
    payment = Payment(
        command.reference, command.attempt, "charging", amount.amount, amount.currency, payment_id=payment_id
    )
    return happened(payment, "charging", now)


def tombstone(reference: str, attempt: int, now: datetime) -> Payment:
    """Called off before it was asked for: the money never will be taken."""
    return happened(Payment(reference, attempt, "cancelled", 0, NO_CURRENCY), "cancelled", now)


def cancel_noted(payment: Payment, now: datetime) -> Payment:
    """The card may have been charged already, so only the wish is noted. A decision stands."""
    if payment.state != "charging" or payment.cancel_wished:
        return payment
    return happened(replace(payment, cancel_wished=True), "cancel wished", now)


def refund_noted(payment: Payment, reason: str, now: datetime) -> Payment:
    if payment.state == "received":
        return happened(replace(payment, state="refunding"), "refunding", now, reason)
    if payment.state != "charging" or payment.refund_wished:
        return payment
    return happened(replace(payment, refund_wished=True), "refund wished", now, reason)


def charged(payment: Payment, now: datetime) -> Payment:
    """The money came; if it is wished back, it goes back at once."""
    received = happened(replace(payment, state="received"), "received", now)
    if payment.refund_wished:
        return happened(replace(received, state="refunding"), "refunding", now)
    return received


def declined(payment: Payment, outcome: CardDeclined, now: datetime) -> Payment:
    if payment.cancel_wished or payment.refund_wished:
        return happened(replace(payment, state="cancelled", reason=outcome.reason), "cancelled", now, outcome.reason)
    return happened(replace(payment, state="failed", reason=outcome.reason), "failed", now, outcome.reason)


def refunded(payment: Payment, now: datetime) -> Payment:
    return happened(replace(payment, state="refunded"), "refunded", now)


def happened(payment: Payment, what: str, now: datetime, reason: str | None = None) -> Payment:
    entry = {
        "at": rfc3339(now),
        "attempt": payment.attempt,
        "what": what,
        "amount": {"amount": payment.amount, "currency": payment.currency},
        "reason": reason,
    }
    return replace(payment, history=[*payment.history, entry])


# --- what is said of it


def present_truth(payment: Payment) -> list[PaymentEvent]:
    """What was decided; nothing while it is undecided, or while the money is on its way back."""
    key = {"reference": payment.reference, "attempt": payment.attempt}
    match payment.state:
        case "charging" | "refunding":
            return []
        case "received":
            return [PaymentReceived(**key, payment_id=payment.payment_id, amount=amount_of(payment))]
        case "failed":
            return [PaymentFailed(**key, reason=payment.reason)]
        case "cancelled":
            return [PaymentCancelled(**key)]
        case "refunded":
            return [given_back(payment)]


def answer_to_refund(before: Payment) -> list[Message]:
    """`before` the command. What never came needs no giving back."""
    match before.state:
        case "received":
            return [refund(before)]
        case "charging" | "refunding":
            return []
        case "failed" | "cancelled" | "refunded":
            return [given_back(before)]


def answer_to_outcome(payment: Payment) -> list[Message]:
    """The gateway's answer decided the payment: tell whoever asked for it, or wished it back meanwhile."""
    if payment.state == "refunding":
        return [refund(payment)]
    if payment.refund_wished:  # a wish to cancel may have come as well, and waits for its own answer
        return [*(present_truth(payment) if payment.cancel_wished else []), given_back(payment)]
    return [*present_truth(payment)]


def given_back(payment: Payment) -> PaymentRefunded:
    amount = Money(amount=payment.refunded, currency=payment.currency)
    return PaymentRefunded(reference=payment.reference, attempt=payment.attempt, amount=amount)


def charge(payment: Payment, card_token: str) -> ChargeCard:
    return ChargeCard(
        reference=payment.reference,
        attempt=payment.attempt,
        charge_key=payment.charge_key,
        amount=amount_of(payment),
        card_token=card_token,
    )


def refund(payment: Payment) -> RefundCard:
    return RefundCard(
        reference=payment.reference,
        attempt=payment.attempt,
        refund_key=payment.refund_key,
        charge_key=payment.charge_key,
        amount=amount_of(payment),
    )


def amount_of(payment: Payment) -> Money:
    return Money(amount=payment.amount, currency=payment.currency)
