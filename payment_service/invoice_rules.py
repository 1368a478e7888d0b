"""The business decisions about invoices: plain functions, without database, clock or ids."""

from datetime import timedelta
from typing import Any

from bus.errors import Refused
from payment_service.invoice import Invoice
from payment_service.messages import (
    NO_CURRENCY,
    CancelInvoice,
    InvoiceCancelled,
    InvoiceDefaulted,
    InvoiceIssued,
    InvoicePaid,
    InvoiceReminded,
    IssueInvoice,
    Money,
    MoneyCame,
)
from saga.row import Moment

REMINDED_AFTER = timedelta(days=7), timedelta(days=14)  # from the due date
DEFAULTED_AFTER = timedelta(days=30)


def new_invoice(command: IssueInvoice, moment: Moment) -> Invoice:
    return Invoice(
        reference=command.reference,
        amount=command.amount,
        payer=command.payer,
        issued_at=moment.now,
        due_at=moment.now + timedelta(days=command.due_days),
    )


def tombstone(command: CancelInvoice, _: Moment) -> Invoice:
    """Cancelled before it was issued: it never will be."""
    return Invoice(reference=command.reference, amount=Money(amount=0, currency=NO_CURRENCY))


def nothing_to_pay(invoice: Invoice, _: Any) -> bool:
    """An invoice over nothing is paid as soon as it is issued: nobody ever will pay it."""
    return invoice.open_amount == 0


def pays_the_rest(invoice: Invoice, came: MoneyCame) -> bool:
    return came.amount.amount >= invoice.open_amount


def money_came(invoice: Invoice, came: MoneyCame, _: Moment) -> Invoice:
    amount = came.amount.amount
    paid = min(amount, invoice.open_amount)
    return changed(invoice, paid=invoice.paid + paid, surplus=invoice.surplus + amount - paid)


def reminded(invoice: Invoice, _: None, __: Moment) -> Invoice:
    return changed(invoice, reminders=invoice.reminders + 1)


def check_currency(invoice: Invoice, amount: Money) -> None:
    """Raises Refused."""
    if amount.currency != invoice.amount.currency:
        raise Refused(f"the invoice is in {invoice.amount.currency}, not in {amount.currency}")


def changed(invoice: Invoice, **changes: Any) -> Invoice:
    return invoice.model_copy(update=changes)


# --- when: from the day on which it was issued


def first_reminder(invoice: Invoice) -> timedelta:
    return term(invoice) + REMINDED_AFTER[0]


def second_reminder(invoice: Invoice) -> timedelta:
    return term(invoice) + REMINDED_AFTER[1]


def default(invoice: Invoice) -> timedelta:
    return term(invoice) + DEFAULTED_AFTER


def term(invoice: Invoice) -> timedelta:
    assert invoice.due_at is not None
    assert invoice.issued_at is not None
    return invoice.due_at - invoice.issued_at


# --- what is said of it


def invoice_issued(invoice: Invoice) -> InvoiceIssued:
    return InvoiceIssued.model_validate({**key(invoice), "amount": invoice.amount, "due_at": invoice.due_at})


def invoice_reminded(invoice: Invoice) -> InvoiceReminded:
    return InvoiceReminded.model_validate({**key(invoice), "amount": still_open(invoice), "due_at": invoice.due_at})


def invoice_defaulted(invoice: Invoice) -> InvoiceDefaulted:
    return InvoiceDefaulted.model_validate({**key(invoice), "amount": still_open(invoice), "due_at": invoice.due_at})


def invoice_paid(invoice: Invoice) -> InvoicePaid:
    return InvoicePaid(reference=invoice.reference, amount=invoice.amount)


def invoice_cancelled(invoice: Invoice) -> InvoiceCancelled:
    return InvoiceCancelled(reference=invoice.reference)


def key(invoice: Invoice) -> dict[str, Any]:
    return {"reference": invoice.reference}


def still_open(invoice: Invoice) -> Money:
    return Money(amount=invoice.open_amount, currency=invoice.amount.currency)
