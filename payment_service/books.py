"""What follows from a step of a flow, in its transaction: postings, credit, the list of clearing cases.

All of it follows from how the step changed the flow's data, so no row of a table can forget it.
"""

from bus.unit import Context
from payment_service import ledger
from payment_service.invoice import Invoice
from payment_service.models import CaseRecord, ClearingCases, Credits, Ledger
from payment_service.payment import Case, Payment
from saga.instance import Instance


def keep_for_payment(before: Instance, after: Instance, context: Context) -> None:
    earlier: Payment | None = before.data
    payment: Payment = after.data
    for posting in ledger.of_payment(earlier, payment):
        context.store(Ledger).book(posting, context.now)
    if payment.payer is not None:
        in_use = credit_in_use(payment) - credit_in_use(earlier)
        context.store(Credits).add(payment.payer.id, payment.amount.currency, -in_use)
    if payment.case is not None and payment.case != (earlier.case if earlier else None):
        context.store(ClearingCases).put(listed(payment, payment.case))


def credit_in_use(payment: Payment | None) -> int:
    return payment.credit_used - payment.refunded_credit if payment else 0


def listed(payment: Payment, case: Case) -> CaseRecord:
    details = {**dict(case), "case_id": str(case.case_id)}
    return CaseRecord(reference=payment.reference, attempt=payment.attempt, **details)


def keep_for_invoice(before: Instance, after: Instance, context: Context) -> None:
    earlier: Invoice | None = before.data
    invoice: Invoice = after.data
    for posting in ledger.of_invoice(earlier, invoice, context.cause.id):
        context.store(Ledger).book(posting, context.now)
    if invoice.payer is not None and earlier is not None:
        surplus = invoice.surplus - earlier.surplus
        context.store(Credits).add(invoice.payer.id, invoice.amount.currency, surplus)
