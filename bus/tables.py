"""The bus's own tables, in every service's database. Times in them are machine time, seconds since the epoch."""

import sqlalchemy as sa

from bus.database import UtcDateTime


class BusTables:
    """What a service needs to hear once, to say surely, and to remember what went wrong."""

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
            sa.Column("due_at", UtcDateTime, nullable=False, index=True),  # business time
            sa.Column("headers", sa.Text, nullable=False),
            sa.Column("body", sa.LargeBinary, nullable=False),
        )
        self.dead_letters = sa.Table(
            "dead_letters",
            metadata,
            sa.Column("message_id", sa.Text, primary_key=True),
            sa.Column("headers", sa.Text, nullable=False),
            sa.Column("body", sa.LargeBinary, nullable=False),
            sa.Column("cause", sa.Text, nullable=False),
            sa.Column("status", sa.Text, nullable=False),  # retrying | parked | redriven | discarded
            sa.Column("attempts", sa.Integer, nullable=False),
            sa.Column("first_at", sa.Double, nullable=False),
            sa.Column("next_attempt_at", sa.Double, nullable=True, index=True),
        )
