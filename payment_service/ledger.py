"""Double-entry bookkeeping: money never appears or vanishes, it moves between accounts."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

Kind = Literal["charged", "credit_used", "invoice_paid", "refunded_card", "refunded_credit"]
KINDS: tuple[Kind, ...] = ("charged", "credit_used", "invoice_paid", "refunded_card", "refunded_credit")

CARD_GATEWAY = "card_gateway"  # what the gateway holds for us
BANK = "bank"


@dataclass(frozen=True)
class Entry:
    account: str
    amount: int  # minor units; debit above zero, credit below
    currency: str


@dataclass(frozen=True)
class Posting:
    """One movement of money. Raises ValueError unless its entries, two at least, sum to zero per currency."""

    id: str  # by what it books, so that nothing is booked twice
    kind: Kind
    reference: str
    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        sums: Counter[str] = Counter()
        for entry in self.entries:
            sums[entry.currency] += entry.amount
        if len(self.entries) < 2 or any(sums.values()):
            raise ValueError(f"posting {self.id!r} is not balanced: {dict(sums)}")


def held_for(reference: str) -> str:
    """The account of money that we hold for a reference, and owe."""
    return f"held_for:{reference}"


def charged(charge_key: str, reference: str, amount: int, currency: str) -> Posting:
    return _moved("charged", charge_key, reference, held_for(reference), CARD_GATEWAY, amount, currency)


def refunded_card(refund_key: str, reference: str, amount: int, currency: str) -> Posting:
    return _moved("refunded_card", refund_key, reference, CARD_GATEWAY, held_for(reference), amount, currency)


def invoice_paid(request_id: str, reference: str, amount: int, currency: str) -> Posting:
    return _moved("invoice_paid", request_id, reference, held_for(reference), BANK, amount, currency)


def _moved(kind: Kind, key: str, reference: str, source: str, target: str, amount: int, currency: str) -> Posting:
    entries = Entry(target, amount, currency), Entry(source, -amount, currency)
    return Posting(f"{kind}:{key}", kind, reference, entries)
