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
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wakes", sa.Text, nullable=False),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("timers_in_due_order", "timers", ["due_at", "timer_id"])
    op.create_table(
        "dead_letters",
        sa.Column("message_id", sa.Text, primary_key=True),
        sa.Column("letter_id", sa.Text, nullable=False, index=True, unique=True),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("first_at", sa.Double, nullable=False),
        sa.Column("next_attempt_at", sa.Double, nullable=True, index=True),
    )
    op.create_index("dead_letters_by_age", "dead_letters", ["first_at", "letter_id"])
    op.create_table(
        "operator_actions",
        sa.Column("action_id", sa.Text, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False, index=True),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("operator_actions_by_age", "operator_actions", ["at", "action_id"])


def drop() -> None:
    for table in ("operator_actions", "dead_letters", "timers", "effects", "outbox", "inbox"):
        op.drop_table(table)
