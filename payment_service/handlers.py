"""Message in, messages out."""

from collections.abc import Iterable

from bus.errors import Refused
from bus.handler import on
from bus.message import Message
from bus.unit import Context
from payment_service import invoice_rules, ledger, rules
from payment_service.invoice import Invoice, InvoicePayment
from payment_service.messages import (
    CancelInvoice,
    CancelPayment,
    CardCharged,
    CardDeclined,
    CardRefunded,
    IssueInvoice,
    Money,
    RefundPayment,
    RetrievePayment,
)
from payment_service.models import InvoicePayments, Invoices, Ledger, Payments
from payment_service.payment import Payment

# --- card payments


def retrieve_payment(command: RetrievePayment, context: Context) -> Iterable[Message]:
    payments = context.store(Payments)
    payment = payments.get(command.reference, command.attempt)
    if payment is not None:
        return rules.present_truth(payment)
    payment = payments.put(rules.asked(command, str(context.new_id("payment")), context.now))
    return [rules.charge(payment, command.card_token)]


def cancel_payment(command: CancelPayment, context: Context) -> Iterable[Message]:
    payment = found_or_tombstone(command, context)
    return rules.present_truth(context.store(Payments).put(rules.cancel_noted(payment, context.now)))


def refund_payment(command: RefundPayment, context: Context) -> Iterable[Message]:
    payment = found_or_tombstone(command, context)
    context.store(Payments).put(rules.refund_noted(payment, command.reason, context.now))
    return rules.answer_to_refund(payment)


def found_or_tombstone(command: CancelPayment | RefundPayment, context: Context) -> Payment:
    payments = context.store(Payments)
    attempt = command.attempt or rules.latest_attempt(payments.of(command.reference))
    payment = payments.get(command.reference, attempt)
    return payment or payments.put(rules.tombstone(command.reference, attempt, context.now))


def card_charged(outcome: CardCharged, context: Context) -> Iterable[Message]:
    before = under_way(outcome, context)
    payment = context.store(Payments).put(rules.charged(before, context.now))
    posting = ledger.charged(payment.charge_key, payment.reference, payment.amount, payment.currency)
    context.store(Ledger).book(posting, context.now)
    return rules.answer_to_outcome(payment)


def card_declined(outcome: CardDeclined, context: Context) -> Iterable[Message]:
    before = under_way(outcome, context)
    return rules.answer_to_outcome(context.store(Payments).put(rules.declined(before, outcome, context.now)))


def card_refunded(outcome: CardRefunded, context: Context) -> Iterable[Message]:
    before = under_way(outcome, context)
    payment = context.store(Payments).put(rules.refunded(before, context.now))
    posting = ledger.refunded_card(payment.refund_key, payment.reference, payment.amount, payment.currency)
    context.store(Ledger).book(posting, context.now)
    return rules.present_truth(payment)


def under_way(outcome: CardCharged | CardDeclined | CardRefunded, context: Context) -> Payment:
    payment = context.store(Payments).get(outcome.reference, outcome.attempt)
    expected = "refunding" if isinstance(outcome, CardRefunded) else "charging"
    assert payment is not None
    assert payment.state == expected, "an effect's outcome is handled once"
    return payment


# --- invoices


def issue_invoice(command: IssueInvoice, context: Context) -> Iterable[Message]:
    invoices = context.store(Invoices)
    invoice = invoices.get(command.reference) or invoices.put(invoice_rules.issued(command, context.now))
    return [invoice_rules.present_truth(invoice)]


def cancel_invoice(command: CancelInvoice, context: Context) -> Iterable[Message]:
    invoices = context.store(Invoices)
    invoice = invoices.get(command.reference) or invoice_rules.tombstone(command.reference)
    return [invoice_rules.present_truth(invoices.put(invoice_rules.cancelled(invoice)))]


def pay_invoice(reference: str, amount: Money, context: Context) -> Invoice:
    """Money came in. The same request again is the same money: booked once.

    Raises Refused: 404 for an unknown invoice, 409 for a cancelled one, 422 for money that does not fit.
    """
    invoice = context.store(Invoices).get(reference)
    if invoice is None:
        raise Refused(f"there is no invoice for {reference!r}", 404)
    earlier = context.store(InvoicePayments).get(reference, context.cause.id)
    if earlier is None:
        return book_payment(invoice, amount, context)
    if Money(amount=earlier.amount, currency=earlier.currency) != amount:
        raise Refused(f"this Idempotency-Key was used for another amount: {earlier.amount} {earlier.currency}")
    return invoice


def book_payment(invoice: Invoice, amount: Money, context: Context) -> Invoice:
    refusal = invoice_rules.refusal(invoice, amount)
    if refusal is not None:
        raise refusal
    request_id = context.cause.id
    payment = InvoicePayment(invoice.reference, request_id, amount.amount, amount.currency, context.now)
    context.store(InvoicePayments).put(payment)
    posting = ledger.invoice_paid(request_id, invoice.reference, amount.amount, amount.currency)
    context.store(Ledger).book(posting, context.now)
    paid = context.store(Invoices).put(invoice_rules.paid(invoice, amount.amount))
    if paid.state == "paid":
        context.send([invoice_rules.present_truth(paid)])
    return paid


HANDLERS = (
    on(RetrievePayment, retrieve_payment, Payments),
    on(CancelPayment, cancel_payment, Payments),
    on(RefundPayment, refund_payment, Payments),
    on(CardCharged, card_charged, Payments),
    on(CardDeclined, card_declined, Payments),
    on(CardRefunded, card_refunded, Payments),
    on(IssueInvoice, issue_invoice, Invoices),
    on(CancelInvoice, cancel_invoice, Invoices),
)
