"""Message in, messages out: everything is decided by the tables of the two flows."""

from payment_service import books
from payment_service.flow import payment_flow
from payment_service.invoice_flow import invoice_flow
from payment_service.messages import CallOutcome, CancelPayment, CaseAction, RefundPayment, RetrievePayment
from payment_service.models import Credits, Sagas
from saga.keeping import Keeper, handlers

ForPayment = RetrievePayment | CancelPayment | RefundPayment | CallOutcome | CaseAction


def payment_of(message: ForPayment, sagas: Sagas) -> str:
    """Which payment is meant: the attempt that is named, or else the latest."""
    attempt = message.attempt or latest_attempt(sagas, message.reference)
    return f"{message.reference}/{attempt}"


def latest_attempt(sagas: Sagas, reference: str) -> int:
    return max((payment.data.attempt for payment in sagas.about(PAYMENTS.flow, reference)), default=1)


PAYMENTS = Keeper(payment_flow, Sagas, facts=Credits, names=payment_of, kept=books.keep_for_payment)
INVOICES = Keeper(invoice_flow, Sagas, kept=books.keep_for_invoice)

HANDLERS = handlers(PAYMENTS, INVOICES)
