"""The bus's own tables, in every service's database. Times in them are machine time, seconds since the epoch."""

import sqlalchemy as sa

from bus.database import UtcDateTime

OPEN_LETTERS = ("retrying", "parked")


class BusTables:
    """What a service needs to hear once, to say surely, and to remember what went wrong and who put it right."""

    def __init__(self, metadata: sa.MetaData) -> None:
        self.inbox = sa.Table(
            "inbox",
            metadata,
            sa.Column("message_id", sa.Text, primary_key=True),
            sa.Column("at", sa.Double, nullable=False, index=True),
        )
        self.outbox = sa.Table(
            "outbox",
            metadata,
            sa.Column("message_id", sa.Text, primary_key=True),
            sa.Column("headers", sa.Text, nullable=False),
            sa.Column("body", sa.LargeBinary, nullable=False),
            sa.Column("command", sa.Boolean, nullable=False),
            sa.Column("at", sa.Double, nullable=False),
            sa.Column("lease_until", sa.Double, nullable=False, index=True),
        )
        self.effects = sa.Table(
            "effects",
            metadata,
            sa.Column("effect_id", sa.Text, primary_key=True),
            sa.Column("subject", sa.Text, nullable=False, index=True),
            sa.Column("headers", sa.Text, nullable=False),
            sa.Column("body", sa.LargeBinary, nullable=False),
            sa.Column("attempts", sa.Integer, nullable=False),
            sa.Column("lease_until", sa.Double, nullable=False, index=True),
        )
        self.timers = sa.Table(
            "timers",
            metadata,
            sa.Column("timer_id", sa.Text, primary_key=True),
            sa.Column("subject", sa.Text, nullable=False, index=True),
            sa.Column("name", sa.Text, nullable=False),
            sa.Column("due_at", UtcDateTime, nullable=False),  # business time
            sa.Column("wakes", sa.Text, nullable=False),  # what waits, and would wait for ever without it; or nothing
            sa.Column("headers", sa.Text, nullable=False),
            sa.Column("body", sa.LargeBinary, nullable=False),
            sa.Index("timers_in_due_order", "due_at", "timer_id"),
        )
        self.dead_letters = sa.Table(
            "dead_letters",
            metadata,
            sa.Column("message_id", sa.Text, primary_key=True),
            sa.Column("letter_id", sa.Text, nullable=False, index=True, unique=True),  # for URLs
            sa.Column("headers", sa.Text, nullable=False),
            sa.Column("body", sa.LargeBinary, nullable=False),
            sa.Column("cause", sa.Text, nullable=False),
            sa.Column("status", sa.Text, nullable=False),  # one of the above
            sa.Column("attempts", sa.Integer, nullable=False),
            sa.Column("first_at", sa.Double, nullable=False),
            sa.Column("next_attempt_at", sa.Double, nullable=True, index=True),
            sa.Index("dead_letters_by_age", "first_at", "letter_id"),
        )
        self.operator_actions = sa.Table(
            "operator_actions",
            metadata,
            sa.Column("action_id", sa.Text, primary_key=True),
            sa.Column("at", sa.Double, nullable=False),
            sa.Column("author", sa.Text, nullable=False),
            sa.Column("reason", sa.Text, nullable=False),
            sa.Column("action", sa.Text, nullable=False),  # e.g. "timer.postpone"
            sa.Column("target", sa.Text, nullable=False, index=True),  # the id of what it was done to
            sa.Column("detail", sa.Text, nullable=False),  # for a person
            sa.Index("operator_actions_by_age", "at", "action_id"),
        )
