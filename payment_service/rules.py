"""The business decisions about payments: plain functions, without database, clock or ids."""

from datetime import timedelta
from typing import Any, Protocol

from bus.ids import derived
from payment_service.messages import (
    NO_CURRENCY,
    CancelPayment,
    CardDeclined,
    CardNotCharged,
    CardNotRefunded,
    CardPerhapsCharged,
    CaseAction,
    ChargeOutcome,
    Money,
    RefundPayment,
    RetrievePayment,
    TakeNewCard,
)
from payment_service.payment import Case, Outcome, Payment
from saga.row import Moment

PAUSES = (1, 2, 4, 8, 15, 30, 60, 120, 300, 900, 2160, 3600, 7200, 14400, 28800, 28800)  # seconds, a day in all


class CreditAccounts(Protocol):
    """What customers have left with us."""

    def balance(self, customer_id: str, currency: str) -> int: ...


# --- what is asked for


def new_payment(command: RetrievePayment, moment: Moment) -> Payment:
    """Credit is used first; the card is charged for the rest."""
    accounts: CreditAccounts = moment.facts
    amount = command.amount
    return Payment(
        reference=command.reference,
        attempt=command.attempt,
        amount=amount,
        payment_id=derived("payment", command.reference, command.attempt),
        payer=command.payer,
        card_token=command.card_token,
        credit_used=min(accounts.balance(command.payer.id, amount.currency), amount.amount),
    )


def tombstone(command: CancelPayment | RefundPayment, _: Moment) -> Payment:
    """Called off before it was asked for: the money never will be taken."""
    return Payment(
        reference=command.reference,
        attempt=command.attempt or 1,
        amount=Money(amount=0, currency=NO_CURRENCY),
        reason="called off before it was asked for",
    )


def credit_covers_it(payment: Payment, _: Any) -> bool:
    return payment.to_charge == 0


# --- calls to the gateway


def of_another_call(payment: Payment, outcome: ChargeOutcome) -> bool:
    """A call that was given up has ended after all. That it charged the card is true all the same."""
    return outcome.call != payment.call


def after_a_day_of_tries(payment: Payment, _: Any) -> bool:
    return payment.tries >= len(PAUSES)


def growing_pause(payment: Payment) -> timedelta:
    """After the first try a second, in the end eight hours."""
    return timedelta(seconds=PAUSES[min(payment.tries, len(PAUSES)) - 1])


def surely_not(payment: Payment, outcome: CardNotCharged, _: Moment) -> Payment:
    return changed(payment, tries=payment.tries + 1, perhaps_charged=False, reason=outcome.reason)


def perhaps(payment: Payment, outcome: CardPerhapsCharged | None, _: Moment) -> Payment:
    reason = "no outcome was heard" if outcome is None else outcome.reason
    return changed(payment, tries=payment.tries + 1, perhaps_charged=True, reason=reason)


def money_came(payment: Payment, _: Any, __: Moment) -> Payment:
    return changed(payment, charged=payment.to_charge, tries=0, perhaps_charged=False, reason="")


def money_came_unwanted(payment: Payment, outcome: Any, moment: Moment) -> Payment:
    return credit_back(money_came(payment, outcome, moment))


def called_off(payment: Payment, _: Any, moment: Moment) -> Payment:
    """Nothing was charged and nothing will be."""
    return credit_back(changed(closed(payment, "withdrawn", moment), reason="called off"))


# --- clearing


def open_case(payment: Payment, outcome: CardDeclined | CardNotCharged, moment: Moment) -> Payment:
    reason = outcome.reason
    if isinstance(outcome, CardNotCharged):
        reason = f"the gateway could not be reached for a day: {reason}"
    case_id = derived("clearing case", payment.reference, payment.attempt, payment.card)
    case = Case(case_id=case_id, reason=reason, opened_at=moment.now)
    return changed(payment, case=case, perhaps_charged=False, reason=reason)


def of_another_case(payment: Payment, action: CaseAction) -> bool:
    return payment.case is None or payment.case.case_id != action.case_id


def of_another_agent(payment: Payment, action: CaseAction) -> bool:
    return payment.case is not None and payment.case.agent not in (None, action.author)


def claimed(payment: Payment, action: CaseAction, _: Moment) -> Payment:
    return with_case(payment, agent=action.author)


def escalated(payment: Payment, _: None, moment: Moment) -> Payment:
    return with_case(payment, escalated_at=moment.now)


def new_card(payment: Payment, action: TakeNewCard, moment: Moment) -> Payment:
    """The one before is known not to be charged: this one has a key of its own."""
    payment = closed(claimed(payment, action, moment), "new_card", moment, action.reason)
    return changed(payment, card=payment.card + 1, card_token=action.card_token, tries=0, reason="")


def given_up(payment: Payment, action: CaseAction, moment: Moment) -> Payment:
    return credit_back(closed(claimed(payment, action, moment), "gave_up", moment, action.reason))


def not_cleared_in_time(payment: Payment, _: None, moment: Moment) -> Payment:
    payment = changed(payment, reason=f"{payment.reason}; not cleared in time")
    return credit_back(closed(payment, "expired", moment))


def closed(payment: Payment, outcome: Outcome, moment: Moment, note: str = "") -> Payment:
    if payment.case is None or payment.case.outcome is not None:
        return payment
    return with_case(payment, outcome=outcome, note=note, closed_at=moment.now)


def with_case(payment: Payment, **changes: Any) -> Payment:
    assert payment.case is not None
    return changed(payment, case=payment.case.model_copy(update=changes))


# --- giving back


def no_card_was_charged(payment: Payment, _: Any) -> bool:
    return payment.charged == 0


def to_be_given_back(payment: Payment, command: RefundPayment, _: Moment) -> Payment:
    return credit_back(changed(payment, tries=0, reason=command.reason))


def refund_not_sure(payment: Payment, outcome: CardNotRefunded | None, _: Moment) -> Payment:
    reason = "no outcome was heard" if outcome is None else outcome.reason
    return changed(payment, tries=payment.tries + 1, reason=reason)


def card_given_back(payment: Payment, _: Any, __: Moment) -> Payment:
    return changed(payment, refunded_card=payment.charged)


def credit_back(payment: Payment) -> Payment:
    return changed(payment, refunded_credit=payment.credit_used)


def changed(payment: Payment, **changes: Any) -> Payment:
    return payment.model_copy(update=changes)
