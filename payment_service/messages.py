"""What the payment service obeys and emits, and what it tells itself."""

from datetime import datetime
from typing import Annotated

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
    attempt: int
    payment_id: str
    amount: Money


class PaymentFailed(PaymentEvent):
    attempt: int
    reason: str


class PaymentCancelled(PaymentEvent):
    """No money came in for this attempt, and none will."""

    attempt: int


class PaymentRefunded(PaymentEvent):
    """Nothing of this attempt is left with us. The amount is 0 if nothing came in."""

    attempt: int
    amount: Money


class ChargeCard(Effect, owner="payment", key="reference"):
    """Let the gateway charge the card. `charge_key` is the idempotency key."""

    reference: str
    attempt: int
    charge_key: str
    amount: Money
    card_token: str


class CardCharged(Local, owner="payment", key="reference"):
    reference: str
    attempt: int


class CardDeclined(Local, owner="payment", key="reference"):
    reference: str
    attempt: int
    reason: str


class RefundCard(Effect, owner="payment", key="reference"):
    """Let the gateway give back what it charged under `charge_key`. `refund_key` is the idempotency key."""

    reference: str
    attempt: int
    refund_key: str
    charge_key: str
    amount: Money


class CardRefunded(Local, owner="payment", key="reference"):
    reference: str
    attempt: int


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


class InvoicePaid(PaymentEvent):
    """In full."""

    amount: Money


class InvoiceCancelled(PaymentEvent):
    """The invoice is not to be paid any more."""
