"""The bus's tables, as of their first version."""

import sqlalchemy as sa
from alembic import op


def create() -> None:
    op.create_table(
        "inbox",
        sa.Column("message_id", sa.Text, primary_key=True),
        sa.Column("at", sa.Double, nullable=False, index=True),
    )
    op.create_table(
        "outbox",
        sa.Column("message_id", sa.Text, primary_key=True),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("command", sa.Boolean, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("lease_until", sa.Double, nullable=False, index=True),
    )
    op.create_table(
        "effects",
        sa.Column("effect_id", sa.Text, primary_key=True),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("lease_until", sa.Double, nullable=False, index=True),
    )
    op.create_table(
        "timers",
        sa.Column("timer_id", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False, index=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "dead_letters",
        sa.Column("message_id", sa.Text, primary_key=True),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("first_at", sa.Double, nullable=False),
        sa.Column("next_attempt_at", sa.Double, nullable=True, index=True),
    )


def drop() -> None:
    for table in ("dead_letters", "timers", "effects", "outbox", "inbox"):
        op.drop_table(table)
