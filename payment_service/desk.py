"""What people do: agents clear cases, money comes over the bank, credit is granted. Each is one transaction."""

from collections.abc import Callable
from uuid import UUID

from bus import audit
from bus.audit import Instruction
from bus.errors import Refused
from bus.message import kebab_case
from bus.unit import Context
from payment_service import ledger
from payment_service.handlers import INVOICES, PAYMENTS
from payment_service.invoice_rules import check_currency
from payment_service.messages import CaseAction, Money, MoneyCame
from payment_service.models import (
    CaseRecord,
    ClearingCases,
    Credit,
    Credits,
    InvoicePayment,
    InvoicePayments,
    Ledger,
    Sagas,
)
from saga.instance import Instance


def act_on_case(case_id: UUID, act: Callable[[CaseRecord], CaseAction], context: Context) -> CaseRecord:
    """Returns the case as it is now. Raises Refused: 404 for an unknown case, 409 for one that is not to be had."""
    case = find_case(case_id, context)
    action = act(case)
    step = PAYMENTS.hear(action, context)
    if step.refused:
        raise Refused(f"{step.refused}; agent: {case.agent or 'none'}, outcome: {case.outcome or 'none yet'}", 409)
    by = Instruction(author=action.author, reason=action.reason)
    audit.record(context, by, f"case.{kebab_case(type(action).__name__)}", str(case_id), f"payment of {case.reference}")
    context.send(step.sends)
    return find_case(case_id, context)


def find_case(case_id: UUID, context: Context) -> CaseRecord:
    case = context.store(ClearingCases).get(str(case_id))
    if case is None:
        raise Refused(f"there is no clearing case {case_id}", 404)
    return case


def pay_invoice(reference: str, amount: Money, context: Context) -> Instance:
    """Money came in. The same request again is the same money: booked once.

    Raises Refused: 404 for an unknown invoice, 409 for a cancelled one, 422 for money that does not fit.
    """
    invoice = context.store(Sagas).find(INVOICES.flow, reference, reference)
    if invoice is None:
        raise Refused(f"there is no invoice for {reference!r}", 404)
    earlier = context.store(InvoicePayments).get(reference, context.cause.id)
    if earlier is None:
        return book_payment(invoice, amount, context)
    if Money(amount=earlier.amount, currency=earlier.currency) != amount:
        raise Refused(f"this Idempotency-Key was used for another amount: {earlier.amount} {earlier.currency}")
    return invoice


def book_payment(invoice: Instance, amount: Money, context: Context) -> Instance:
    step = INVOICES.hear(MoneyCame(reference=invoice.subject, amount=amount), context)
    if step.refused:
        raise Refused(step.refused, 409)
    check_currency(step.instance.data, amount)
    came = InvoicePayment(invoice.subject, context.cause.id, amount.amount, amount.currency, context.now)
    context.store(InvoicePayments).put(came)
    context.send(step.sends)
    return step.instance


def set_credit(customer_id: str, balance: Money, context: Context) -> None:
    """The difference is booked."""
    credits = context.store(Credits)
    difference = balance.amount - credits.balance(customer_id, balance.currency)
    credits.put(Credit(customer_id, balance.currency, balance.amount))
    if difference:
        posting = ledger.granted(context.cause.id, customer_id, difference, balance.currency)
        context.store(Ledger).book(posting, context.now)
