"""The business decisions about invoices: plain functions, without database, clock or ids."""

from dataclasses import replace
from datetime import datetime, timedelta

from bus.errors import Refused
from payment_service.invoice import Invoice
from payment_service.messages import (
    NO_CURRENCY,
    InvoiceCancelled,
    InvoiceIssued,
    InvoicePaid,
    IssueInvoice,
    Money,
    PaymentEvent,
)


def issued(command: IssueInvoice, now: datetime) -> Invoice:
    """An invoice over nothing is paid as soon as it is issued: nobody ever will pay it."""
    return Invoice(
        command.reference,
        "open" if command.amount.amount else "paid",
        command.amount.amount,
        command.amount.currency,
        payer=command.payer.model_dump(),
        issued_at=now,
        due_at=now + timedelta(days=command.due_days),
    )


def tombstone(reference: str) -> Invoice:
    """Cancelled before it was issued: it never will be."""
    return Invoice(reference, "cancelled", 0, NO_CURRENCY)


def cancelled(invoice: Invoice) -> Invoice:
    return invoice if invoice.state == "paid" else replace(invoice, state="cancelled")


def paid(invoice: Invoice, amount: int) -> Invoice:
    """Only the whole amount closes it."""
    invoice = replace(invoice, paid=invoice.paid + amount)
    return invoice if invoice.open_amount else replace(invoice, state="paid")


def refusal(invoice: Invoice, amount: Money) -> Refused | None:
    """Why this money cannot be booked for this invoice, if so."""
    if invoice.state == "cancelled":
        return Refused(f"the invoice for {invoice.reference!r} is cancelled: nothing is to be paid", 409)
    if amount.currency != invoice.currency:
        return Refused(f"the invoice is in {invoice.currency}, not in {amount.currency}")
    if amount.amount > invoice.open_amount:
        return Refused(f"more than what is open: {invoice.open_amount} minor units of {invoice.currency}")
    return None


def present_truth(invoice: Invoice) -> PaymentEvent:
    amount = Money(amount=invoice.amount, currency=invoice.currency)
    match invoice.state:
        case "open":
            return InvoiceIssued(reference=invoice.reference, amount=amount, due_at=invoice.due_at)
        case "paid":
            return InvoicePaid(reference=invoice.reference, amount=amount)
        case "cancelled":
            return InvoiceCancelled(reference=invoice.reference)
