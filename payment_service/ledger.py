"""Double-entry bookkeeping: money never appears or vanishes, it moves between accounts."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from payment_service.invoice import Invoice
from payment_service.payment import Payment

Total = Literal["charged", "credit_used", "invoice_paid", "refunded_card", "refunded_credit"]
Kind = Total | Literal["invoice_overpaid", "credit_granted"]
TOTALS: tuple[Total, ...] = ("charged", "credit_used", "invoice_paid", "refunded_card", "refunded_credit")

CARD_GATEWAY = "card_gateway"  # what the gateway holds for us
BANK = "bank"
GRANTS = "credit_grants"  # credit that we gave as a present


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


def credit_of(customer_id: str) -> str:
    """The account of money that a customer has left with us."""
    return f"credit_of:{customer_id}"


def of_payment(before: Payment | None, after: Payment) -> Iterator[Posting]:
    """What a step of the payment flow moved: the books follow the payment, and no row can forget them."""
    held, payer = held_for(after.reference), credit_of(after.payer.id if after.payer else "")
    key = f"{after.reference}/{after.attempt}"
    moves: tuple[tuple[Total, str, str, str], ...] = (
        ("credit_used", key, held, payer),
        ("charged", after.charge_key, held, CARD_GATEWAY),
        ("refunded_card", after.refund_key, CARD_GATEWAY, held),
        ("refunded_credit", key, payer, held),
    )
    for kind, key, source, target in moves:
        amount: int = getattr(after, kind) - (getattr(before, kind) if before else 0)
        if amount:
            yield moved(kind, key, after.reference, source, target, amount, after.amount.currency)


def of_invoice(before: Invoice | None, after: Invoice, request_id: str) -> Iterator[Posting]:
    """What a request moved: up to the invoice's amount it is paid, the surplus is the payer's credit."""
    paid = after.paid - (before.paid if before else 0)
    surplus = after.surplus - (before.surplus if before else 0)
    currency = after.amount.currency
    if paid:
        yield moved("invoice_paid", request_id, after.reference, held_for(after.reference), BANK, paid, currency)
    if surplus and after.payer:
        account = credit_of(after.payer.id)
        yield moved("invoice_overpaid", request_id, after.reference, account, BANK, surplus, currency)


def granted(request_id: str, customer_id: str, amount: int, currency: str) -> Posting:
    """Below zero: taken back."""
    return moved("credit_granted", request_id, customer_id, credit_of(customer_id), GRANTS, amount, currency)


def moved(kind: Kind, key: str, reference: str, source: str, target: str, amount: int, currency: str) -> Posting:
    entries = Entry(target, amount, currency), Entry(source, -amount, currency)
    return Posting(f"{kind}:{key}", kind, reference, entries)
