"""A card payment: what was decided, once, about the money of one attempt for one reference."""

from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["charging", "received", "failed", "cancelled", "refunding", "refunded"]


@dataclass(frozen=True)
class Payment:
    reference: str
    attempt: int
    state: State
    amount: int  # asked for; 0 if it was called off before it was asked for
    currency: str
    payment_id: str | None = None  # None if it was called off before it was asked for
    reason: str | None = None  # why the card was declined
    cancel_wished: bool = False  # came during the call to the gateway: only its answer can decide
    refund_wished: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)  # what happened when, oldest first

    @property
    def received(self) -> int:
        return self.amount if self.state in ("received", "refunding", "refunded") else 0

    @property
    def refunded(self) -> int:
        return self.amount if self.state == "refunded" else 0

    @property
    def charge_key(self) -> str:
        """The gateway's idempotency key: reference, attempt, number of the card within the attempt."""
        return f"{self.reference}/{self.attempt}/1"

    @property
    def refund_key(self) -> str:
        return f"{self.charge_key}/refund"
