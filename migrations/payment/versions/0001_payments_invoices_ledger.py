"""Card payments, invoices and what was paid for them, and the books."""

import sqlalchemy as sa
from alembic import op

from migrations.shared import bus_1

revision = "0001"
down_revision = None


def upgrade() -> None:
    bus_1.create()
    op.create_table(
        "payments",
        sa.Column("reference", sa.Text, primary_key=True),
        sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("payment_id", sa.Text, nullable=True, unique=True),
        sa.Column("reason", sa.Text, nullable=True),
        sa.Column("cancel_wished", sa.Boolean, nullable=False),
        sa.Column("refund_wished", sa.Boolean, nullable=False),
        sa.Column("history", sa.JSON, nullable=False),
    )
    op.create_table(
        "invoices",
        sa.Column("reference", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("paid", sa.BigInteger, nullable=False),
        sa.Column("payer", sa.JSON, nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("paid BETWEEN 0 AND amount", name="paid_at_most_what_was_asked"),
    )
    op.create_table(
        "invoice_payments",
        sa.Column("reference", sa.Text, primary_key=True),
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("posting_id", sa.Text, primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for table in ("ledger_entries", "invoice_payments", "invoices", "payments"):
        op.drop_table(table)
    bus_1.drop()
