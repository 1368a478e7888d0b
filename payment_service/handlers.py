"""Message in, messages out: everything is decided by the tables of the two flows."""

from collections.abc import Iterable

from bus import effects
from bus.handler import on
from bus.message import Message
from bus.unit import Context
from payment_service import books
from payment_service.flow import payment_flow
from payment_service.invoice_flow import invoice_flow
from payment_service.messages import (
    CallOutcome,
    CancelPayment,
    CardNotCharged,
    CardPerhapsCharged,
    CaseAction,
    ChargeCard,
    RefundPayment,
    RetrievePayment,
)
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


def card_not_charged(outcome: CardNotCharged, context: Context) -> Iterable[Message]:
    """Not for sure while an earlier call may still be made: it was left behind by a crash, and its deadline is over
    before it was carried out, as the service was away for long or an operator was in a hurry.
    """
    if any(call.attempt == outcome.attempt for call in effects.not_done(ChargeCard, outcome.reference, context)):
        reason = f"{outcome.reason}; an earlier call is still to be made"
        return PAYMENTS.handle(CardPerhapsCharged(**{**dict(outcome), "reason": reason}), context)
    return PAYMENTS.handle(outcome, context)


HANDLERS = (
    *(handler for handler in handlers(PAYMENTS, INVOICES) if handler.message is not CardNotCharged),
    on(CardNotCharged, card_not_charged, *PAYMENTS.loads),
)
