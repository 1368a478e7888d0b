"""What the tests say to the payment service, and what they expect to hear."""

from typing import Any

from payment_service.messages import (
    CancelInvoice,
    CancelPayment,
    CardCharged,
    CardDeclined,
    CardRefunded,
    ChargeCard,
    IssueInvoice,
    Money,
    Payer,
    RefundCard,
    RefundPayment,
    RetrievePayment,
)
from tests.service_bench import ServiceBench

Said = list[tuple[str, dict[str, Any]]]

RECEIVED = "payment.payment-received.v1"
FAILED = "payment.payment-failed.v1"
CANCELLED = "payment.payment-cancelled.v1"
REFUNDED = "payment.payment-refunded.v1"
ISSUED = "payment.invoice-issued.v1"
PAID = "payment.invoice-paid.v1"
INVOICE_CANCELLED = "payment.invoice-cancelled.v1"

PAYER = Payer(id="c-1", name="Ada", email="ada@example.org")
EUR_100 = Money(amount=10000, currency="EUR")


def euros(cents: int) -> dict[str, Any]:
    return {"amount": cents, "currency": "EUR"}


def retrieve(
    reference: str = "r-1", attempt: int = 1, amount: Money = EUR_100, token: str = "tok_ok"
) -> RetrievePayment:
    return RetrievePayment(reference=reference, attempt=attempt, amount=amount, payer=PAYER, card_token=token)


def cancel(reference: str = "r-1", attempt: int | None = 1) -> CancelPayment:
    return CancelPayment(reference=reference, attempt=attempt)


def refund(reference: str = "r-1", attempt: int | None = 1) -> RefundPayment:
    return RefundPayment(reference=reference, attempt=attempt, reason="changed their mind")


def issue(reference: str = "r-1", amount: Money = EUR_100, due_days: int = 30) -> IssueInvoice:
    return IssueInvoice(reference=reference, amount=amount, payer=PAYER, due_days=due_days)


def cancel_invoice(reference: str = "r-1") -> CancelInvoice:
    return CancelInvoice(reference=reference)


def charges(bench: ServiceBench) -> ChargeCard:
    """The oldest intended effect, which is a charge."""
    assert bench.effects[0].type == ChargeCard.wire_name
    return ChargeCard.model_validate_json(bench.effects[0].body)


def gives_back(bench: ServiceBench) -> RefundCard:
    """The oldest intended effect, which is a refund."""
    assert bench.effects[0].type == RefundCard.wire_name
    return RefundCard.model_validate_json(bench.effects[0].body)


def charged(bench: ServiceBench) -> Said:
    effect = charges(bench)
    return bench.outcome(CardCharged(reference=effect.reference, attempt=effect.attempt))


def declined(bench: ServiceBench, reason: str = "card declined") -> Said:
    effect = charges(bench)
    return bench.outcome(CardDeclined(reference=effect.reference, attempt=effect.attempt, reason=reason))


def given_back(bench: ServiceBench) -> Said:
    effect = gives_back(bench)
    return bench.outcome(CardRefunded(reference=effect.reference, attempt=effect.attempt))
