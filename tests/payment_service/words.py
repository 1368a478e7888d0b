"""What the tests say to the payment service, and what they expect to hear."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from bus.envelope import enclose, origin
from bus.inbox import Inbox
from bus.incoming import decode
from bus.message import Message
from payment_service import case_views, desk
from payment_service.messages import (
    AskGateway,
    CancelInvoice,
    CancelPayment,
    CardCharged,
    CardDeclined,
    CardNotCharged,
    CardNotRefunded,
    CardPerhapsCharged,
    CardRefunded,
    CaseAction,
    ChargeCard,
    GiveUpCase,
    IssueInvoice,
    Money,
    Payer,
    RefundCard,
    RefundPayment,
    RetrievePayment,
    TakeNewCard,
)
from payment_service.models import CaseRecord, Credits
from tests.service_bench import ServiceBench

Said = list[tuple[str, dict[str, Any]]]

RECEIVED = "payment.payment-received.v1"
FAILED = "payment.payment-failed.v1"
CANCELLED = "payment.payment-cancelled.v1"
REFUNDED = "payment.payment-refunded.v1"
IN_CLEARING = "payment.payment-in-clearing.v1"
ISSUED = "payment.invoice-issued.v1"
PAID = "payment.invoice-paid.v1"
REMINDED = "payment.invoice-reminded.v1"
DEFAULTED = "payment.invoice-defaulted.v1"
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


def grant(bench: ServiceBench, cents: int, customer: str = "c-1") -> None:
    bench.call(lambda context: desk.set_credit(customer, Money(amount=cents, currency="EUR"), context))


def balance(bench: ServiceBench, customer: str = "c-1") -> int:
    return bench.call(lambda context: context.store(Credits).balance(customer, "EUR"))


def cases(bench: ServiceBench, state: case_views.State | None = "open") -> list[dict[str, Any]]:
    with bench.database.snapshot() as connection:
        found: list[dict[str, Any]] = case_views.page(connection, state, 500, None)["items"]
        return found


def charges(bench: ServiceBench) -> ChargeCard:
    """The oldest intended effect, which is a charge."""
    assert bench.effects[0].type == ChargeCard.wire_name
    return ChargeCard.model_validate_json(bench.effects[0].body)


def asks(bench: ServiceBench) -> AskGateway:
    """The oldest intended effect, which is a question."""
    assert bench.effects[0].type == AskGateway.wire_name
    return AskGateway.model_validate_json(bench.effects[0].body)


def gives_back(bench: ServiceBench) -> RefundCard:
    """The oldest intended effect, which is a refund."""
    assert bench.effects[0].type == RefundCard.wire_name
    return RefundCard.model_validate_json(bench.effects[0].body)


def call(bench: ServiceBench) -> dict[str, Any]:
    """What the outcome of the oldest intended charge or question says besides the outcome."""
    effect = charges(bench) if bench.effects[0].type == ChargeCard.wire_name else asks(bench)
    return {"reference": effect.reference, "attempt": effect.attempt, "call": effect.call}


def charged(bench: ServiceBench) -> Said:
    return bench.outcome(CardCharged(**call(bench)))


def declined(bench: ServiceBench, reason: str = "card declined") -> Said:
    return bench.outcome(CardDeclined(**call(bench), reason=reason))


def not_charged(bench: ServiceBench) -> Said:
    return bench.outcome(CardNotCharged(**call(bench), reason="nobody is there"))


def perhaps_charged(bench: ServiceBench) -> Said:
    return bench.outcome(CardPerhapsCharged(**call(bench), reason="no answer"))


def given_back(bench: ServiceBench) -> Said:
    effect = gives_back(bench)
    return bench.outcome(CardRefunded(reference=effect.reference, attempt=effect.attempt))


def not_given_back(bench: ServiceBench) -> Said:
    effect = gives_back(bench)
    return bench.outcome(CardNotRefunded(reference=effect.reference, attempt=effect.attempt, reason="no answer"))


def later(**time: float) -> Callable[[ServiceBench], Said]:
    """A step of a conversation: time passes, and what is due goes off."""

    def pass_time(bench: ServiceBench) -> Said:
        bench.clock.advance(timedelta(**time))
        return bench.fire_timers()

    return pass_time


def act(bench: ServiceBench, action: type[CaseAction], agent: str = "ann", case_id: UUID | None = None) -> CaseRecord:
    """On the newest open case."""

    def about(case: CaseRecord) -> CaseAction:
        of = {"reference": case.reference, "attempt": case.attempt, "case_id": case.case_id}
        return action.model_validate({**of, "author": agent, "reason": "spoke to her", "card_token": "tok_new"})

    case = case_id or UUID(cases(bench)[-1]["case_id"])
    return bench.call(lambda context: desk.act_on_case(case, about, context))


def new_card(bench: ServiceBench) -> Said:
    act(bench, TakeNewCard)
    return []


def gave_up(bench: ServiceBench) -> Said:
    before = len(bench.said)
    act(bench, GiveUpCase)
    return bench.said[before:]


def tell_together(bench: ServiceBench, *messages: Message) -> list[str]:
    """Deliver all of them in one transaction. Returns the wire names of what was said."""
    causes = [origin(f"batched-{place}", sender="test", at="") for place in range(len(messages))]
    envelopes = [
        enclose(message, sender="test", at=bench.clock.now(), cause=cause, place=0)
        for message, cause in zip(messages, causes, strict=True)
    ]
    before = len(bench.said)
    bench.note(bench.journey.process([decode(bench.service, envelope, Inbox()) for envelope in envelopes]))
    return [name for name, _ in bench.said[before:]]
