"""The payment service's tables, and the stores over them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bus.database import UtcDateTime
from bus.message import Message
from bus.records import Records
from bus.tables import BusTables
from bus.unit import Store, UnitOfWork
from payment_service.ledger import Posting
from payment_service.messages import RetrievePayment
from saga.store import Instances
from saga.tables import SagaTables

metadata = sa.MetaData()
bus_tables = BusTables(metadata)
saga_tables = SagaTables(metadata)

clearing_cases = sa.Table(
    "clearing_cases",  # for lists, and to find the payment: a case's truth is in its payment
    metadata,
    sa.Column("case_id", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("opened_at", UtcDateTime, nullable=False),
    sa.Column("agent", sa.Text, nullable=True),
    sa.Column("escalated_at", UtcDateTime, nullable=True),
    sa.Column("outcome", sa.Text, nullable=True),  # null while it is open
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("closed_at", UtcDateTime, nullable=True),
    sa.Index("clearing_cases_by_age", "outcome", "opened_at", "case_id"),
)
credits = sa.Table(
    "credits",
    metadata,
    sa.Column("customer_id", sa.Text, primary_key=True),
    sa.Column("currency", sa.Text, primary_key=True),
    sa.Column("balance", sa.BigInteger, nullable=False),
    sa.CheckConstraint("balance >= 0", name="no_credit_below_zero"),
)
invoice_payments = sa.Table(
    "invoice_payments",
    metadata,
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("request_id", sa.Text, primary_key=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)
ledger_entries = sa.Table(
    "ledger_entries",
    metadata,
    sa.Column("posting_id", sa.Text, primary_key=True),  # nothing is booked twice
    sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),  # debit above zero, credit below
    sa.Column("currency", sa.Text, nullable=False),
)


class Sagas(Instances):
    """The instances of the payment flow and of the invoice flow."""

    tables = saga_tables


@dataclass(frozen=True)
class CaseRecord:
    """A clearing case as it is listed."""

    case_id: str
    reference: str
    attempt: int
    reason: str
    opened_at: datetime
    agent: str | None
    escalated_at: datetime | None
    outcome: str | None
    note: str
    closed_at: datetime | None


class ClearingCases(Records[CaseRecord]):
    table = clearing_cases
    record = CaseRecord


@dataclass(frozen=True)
class Credit:
    """What a customer has left with us, in one currency."""

    customer_id: str
    currency: str
    balance: int


class Credits(Records[Credit]):
    """See `rules.CreditAccounts`."""

    table = credits
    record = Credit

    def prepare(self, messages: Sequence[Message]) -> None:
        """Only whoever is going to pay has credit that may be used."""
        self.preload(message.payer.id for message in messages if isinstance(message, RetrievePayment))

    def balance(self, customer_id: str, currency: str) -> int:
        credit = self.get(customer_id, currency)
        return credit.balance if credit else 0

    def add(self, customer_id: str, currency: str, amount: int) -> None:
        if amount:
            self.put(Credit(customer_id, currency, self.balance(customer_id, currency) + amount))


@dataclass(frozen=True)
class InvoicePayment:
    """Money that came in for an invoice."""

    reference: str
    request_id: str  # the same request again is the same money
    amount: int
    currency: str
    at: datetime


class InvoicePayments(Records[InvoicePayment]):
    table = invoice_payments
    record = InvoicePayment


class Ledger(Store):
    """The books: only ever added to."""

    def __init__(self, unit: UnitOfWork) -> None:
        super().__init__(unit)
        self._new: list[dict[str, object]] = []

    def book(self, posting: Posting, at: datetime) -> None:
        common = {"posting_id": posting.id, "at": at, "kind": posting.kind, "reference": posting.reference}
        for line, entry in enumerate(posting.entries, 1):
            amount = {"account": entry.account, "amount": entry.amount, "currency": entry.currency}
            self._new.append({**common, "line": line, **amount})

    def flush(self) -> None:
        self.unit.writes.insert(ledger_entries, self._new)
        self._new = []
