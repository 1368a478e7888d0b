"""What the flow knows of one invoice: money that a payer is asked for, and how much of it has come."""

from datetime import datetime

from payment_service.messages import Money, Payer, Value


class Invoice(Value):
    reference: str
    amount: Money  # 0 if it was cancelled before it was issued
    payer: Payer | None = None  # None if it was cancelled before it was issued
    issued_at: datetime | None = None
    due_at: datetime | None = None
    paid: int = 0  # at most the amount
    surplus: int = 0  # what came over and above; it is the payer's credit
    reminders: int = 0

    @property
    def open_amount(self) -> int:
        return self.amount.amount - self.paid
