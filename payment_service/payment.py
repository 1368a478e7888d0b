"""What the flow knows of one payment: the money of one attempt for one reference."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from payment_service.messages import Money, Payer, Value

Outcome = Literal["new_card", "gave_up", "withdrawn", "expired"]


class Case(Value):
    """A card that could not be charged, and who of the call centre clears it."""

    case_id: UUID
    reason: str
    opened_at: datetime
    agent: str | None = None
    escalated_at: datetime | None = None
    outcome: Outcome | None = None  # None: it is open
    note: str = ""
    closed_at: datetime | None = None


class Payment(Value):
    reference: str
    attempt: int
    amount: Money  # asked for; 0 if it was called off before it was asked for
    payment_id: UUID | None = None  # None if it was called off before it was asked for
    payer: Payer | None = None
    card_token: str = ""
    card: int = 1  # numbers the cards within the attempt
    tries: int = 0  # calls for this card, or for the refund, that told nothing for sure or found nobody
    perhaps_charged: bool = False  # a call's outcome is unknown: the gateway is asked before the next try
    reason: str = ""  # why it is where it is
    case: Case | None = None  # the latest
    credit_used: int = 0
    charged: int = 0
    refunded_credit: int = 0
    refunded_card: int = 0

    @property
    def to_charge(self) -> int:
        return self.amount.amount - self.credit_used

    @property
    def received(self) -> int:
        return self.charged + self.credit_used

    @property
    def refunded(self) -> int:
        return self.refunded_card + self.refunded_credit

    @property
    def call(self) -> str:
        """Names the present call to the gateway, so that an outcome of an earlier one is known as such."""
        return f"{self.card}.{self.tries}"

    @property
    def charge_key(self) -> str:
        """The gateway's idempotency key: reference, attempt, number of the card within the attempt."""
        return f"{self.reference}/{self.attempt}/{self.card}"

    @property
    def refund_key(self) -> str:
        return f"{self.charge_key}/refund"

    def money(self, amount: int) -> Money:
        return Money(amount=amount, currency=self.amount.currency)
