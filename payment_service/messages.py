"""What the payment service obeys and emits, and what it tells itself."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from bus.message import Command, Effect, Event, Local

Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Attempt = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]  # numbers the payments of one reference

NO_CURRENCY = "XXX"  # ISO 4217's code where no currency is involved
LONGEST_TERM_DAYS = 3650


class Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Money(Value):
    """An integer count of minor units, e.g. cents, with an ISO 4217 currency."""

    amount: int = Field(ge=0, le=10**12, strict=True)
    currency: str = Field(pattern="^[A-Z]{3}$")


class Payer(Value):
    id: Text
    name: Text
    email: Text


class PaymentCommand(Command, owner="payment", key="reference"):
    reference: Text


class PaymentEvent(Event, owner="payment", key="reference"):
    reference: str


# --- card payments


class RetrievePayment(PaymentCommand):
    """Get this money. The same attempt again is answered by what became of it."""

    attempt: Attempt = 1
    amount: Money
    payer: Payer
    card_token: Text


class CancelPayment(PaymentCommand):
    """Do not get the money, if that can still be helped. Without `attempt`: the latest."""

    attempt: Attempt | None = None


class RefundPayment(PaymentCommand):
    """Give back what came, and take no more. Without `attempt`: the latest."""

    attempt: Attempt | None = None
    reason: str = Field(max_length=1000, pattern=r"^[^\x00]*$")


class PaymentReceived(PaymentEvent):
    attempt: Attempt
    payment_id: str
    amount: Money


class PaymentInClearing(PaymentEvent):
    """The card could not be charged: the call centre sees to it. The decision follows, within 14 days."""

    attempt: Attempt
    reason: str


class PaymentFailed(PaymentEvent):
    attempt: Attempt
    reason: str


class PaymentCancelled(PaymentEvent):
    """No money came in for this attempt, and none will."""

    attempt: Attempt


class PaymentRefunded(PaymentEvent):
    """Nothing of this attempt is left with us. The amount is 0 if nothing came in."""

    attempt: Attempt
    amount: Money


# --- calls to the gateway, and what comes of them


class GatewayCall(Effect, owner="payment", key="reference"):
    reference: str
    attempt: int


class ChargeCard(GatewayCall):
    """Let the gateway charge the card. `charge_key` is the idempotency key."""

    call: str
    charge_key: str
    amount: Money
    card_token: str
    ask_first: bool = False  # an earlier call under this key may have charged the card


class AskGateway(GatewayCall):
    """Find out whether the card was charged under `charge_key`, and charge nothing."""

    call: str
    charge_key: str


class RefundCard(GatewayCall):
    """Let the gateway give back what it charged under `charge_key`. `refund_key` is the idempotency key."""

    refund_key: str
    charge_key: str
    amount: Money


class CallOutcome(Local, owner="payment", key="reference"):
    reference: str
    attempt: int


class ChargeOutcome(CallOutcome):
    call: str


class CardCharged(ChargeOutcome):
    """Under the key that the call had, now or in an earlier call."""


class CardDeclined(ChargeOutcome):
    reason: str


class CardNotCharged(ChargeOutcome):
    """Surely: nobody was there, or the gateway knows of no such charge. It may be tried again."""

    reason: str


class CardPerhapsCharged(ChargeOutcome):
    """The answer is unknown. No other card is charged before it is known."""

    reason: str


class CardRefunded(CallOutcome):
    pass


class CardNotRefunded(CallOutcome):
    """Not for sure. It is tried again under the same key, which moves money once."""

    reason: str


# --- what the call centre does


class CaseAction(Local, owner="payment", key="reference"):
    reference: str
    attempt: int
    case_id: UUID
    author: Text  # the agent
    reason: str


class ClaimCase(CaseAction):
    reason: str = "claimed the case"


class TakeNewCard(CaseAction):
    card_token: Text


class GiveUpCase(CaseAction):
    pass


# --- invoices


class IssueInvoice(PaymentCommand):
    """Let the payer pay within `due_days`."""

    amount: Money
    payer: Payer
    due_days: int = Field(ge=0, le=LONGEST_TERM_DAYS, strict=True)


class CancelInvoice(PaymentCommand):
    """Ask for no more money, unless all of it is there."""


class InvoiceIssued(PaymentEvent):
    amount: Money
    due_at: datetime


class InvoiceReminded(PaymentEvent):
    """It is overdue, and the payer was told."""

    amount: Money  # still to be paid
    due_at: datetime


class InvoiceDefaulted(PaymentEvent):
    """Nobody counts on this money any more. It is still taken if it comes."""

    amount: Money  # still to be paid
    due_at: datetime


class InvoicePaid(PaymentEvent):
    """In full."""

    amount: Money


class InvoiceCancelled(PaymentEvent):
    """The invoice is not to be paid any more."""


class MoneyCame(Local, owner="payment", key="reference"):
    """For this invoice, over the bank."""

    reference: str
    amount: Money
