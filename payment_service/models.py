"""The payment service's tables, and the stores over them."""

from datetime import datetime

import sqlalchemy as sa

from bus.database import UtcDateTime
from bus.records import Records
from bus.tables import BusTables
from bus.unit import Store, UnitOfWork
from payment_service.invoice import Invoice, InvoicePayment
from payment_service.ledger import Posting
from payment_service.payment import Payment

metadata = sa.MetaData()
bus_tables = BusTables(metadata)

payments = sa.Table(
    "payments",
    metadata,
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("state", sa.Text, nullable=False),  # charging | received | failed | cancelled | refunding | refunded
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("payment_id", sa.Text, nullable=True, unique=True),
    sa.Column("reason", sa.Text, nullable=True),
    sa.Column("cancel_wished", sa.Boolean, nullable=False),
    sa.Column("refund_wished", sa.Boolean, nullable=False),
    sa.Column("history", sa.JSON, nullable=False),
)
invoices = sa.Table(
    "invoices",
    metadata,
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),  # open | paid | cancelled
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("paid", sa.BigInteger, nullable=False),
    sa.Column("payer", sa.JSON, nullable=False),
    sa.Column("issued_at", UtcDateTime, nullable=True),
    sa.Column("due_at", UtcDateTime, nullable=True),
    sa.CheckConstraint("paid BETWEEN 0 AND amount", name="paid_at_most_what_was_asked"),
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


class Payments(Records[Payment]):
    table = payments
    record = Payment


class Invoices(Records[Invoice]):
    table = invoices
    record = Invoice


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
        if self._new:
            self.connection.execute(sa.insert(ledger_entries), self._new)
        self._new = []
