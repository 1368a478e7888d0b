"""An invoice: money that a payer is asked for, and how much of it has come."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

State = Literal["open", "paid", "cancelled"]


@dataclass(frozen=True)
class Invoice:
    reference: str
    state: State
    amount: int  # 0 if it was cancelled before it was issued
    currency: str
    paid: int = 0
    payer: dict[str, Any] = field(default_factory=dict)
    issued_at: datetime | None = None  # None if it was cancelled before it was issued
    due_at: datetime | None = None

    @property
    def open_amount(self) -> int:
        return self.amount - self.paid


@dataclass(frozen=True)
class InvoicePayment:
    """Money that came in for an invoice."""

    reference: str
    request_id: str  # the same request again is the same money
    amount: int
    currency: str
    at: datetime
