"""What the payment flow says: each a function of the payment."""

from payment_service.messages import (
    AskGateway,
    ChargeCard,
    Money,
    PaymentCancelled,
    PaymentFailed,
    PaymentInClearing,
    PaymentReceived,
    PaymentRefunded,
    RefundCard,
)
from payment_service.payment import Payment

# --- calls to the gateway


def charge_card(payment: Payment) -> ChargeCard:
    return ChargeCard(
        reference=payment.reference,
        attempt=payment.attempt,
        call=payment.call,
        charge_key=payment.charge_key,
        amount=payment.money(payment.to_charge),
        card_token=payment.card_token,
        ask_first=payment.perhaps_charged,
    )


def ask_gateway(payment: Payment) -> AskGateway:
    return AskGateway(
        reference=payment.reference, attempt=payment.attempt, call=payment.call, charge_key=payment.charge_key
    )


def refund_card(payment: Payment) -> RefundCard:
    return RefundCard(
        reference=payment.reference,
        attempt=payment.attempt,
        refund_key=payment.refund_key,
        charge_key=payment.charge_key,
        amount=payment.money(payment.charged),
    )


# --- events


def payment_received(payment: Payment) -> PaymentReceived:
    return PaymentReceived(
        reference=payment.reference,
        attempt=payment.attempt,
        payment_id=str(payment.payment_id),
        amount=payment.amount,
    )


def payment_in_clearing(payment: Payment) -> PaymentInClearing:
    return PaymentInClearing(reference=payment.reference, attempt=payment.attempt, reason=payment.reason)


def payment_failed(payment: Payment) -> PaymentFailed:
    return PaymentFailed(reference=payment.reference, attempt=payment.attempt, reason=payment.reason)


def payment_cancelled(payment: Payment) -> PaymentCancelled:
    return PaymentCancelled(reference=payment.reference, attempt=payment.attempt)


def payment_refunded(payment: Payment) -> PaymentRefunded:
    return given_back(payment, payment.amount)


def nothing_refunded(payment: Payment) -> PaymentRefunded:
    return given_back(payment, payment.money(0))


def given_back(payment: Payment, amount: Money) -> PaymentRefunded:
    return PaymentRefunded(reference=payment.reference, attempt=payment.attempt, amount=amount)
