"""The tables of a service's flows."""

import sqlalchemy as sa

from bus.database import UtcDateTime


class SagaTables:
    """One row an instance, one row a transition. Deadlines are the bus's timers."""

    def __init__(self, metadata: sa.MetaData) -> None:
        self.instances = sa.Table(
            "saga_instances",
            metadata,
            sa.Column("instance_id", sa.Text, primary_key=True),
            sa.Column("flow", sa.Text, primary_key=True),
            sa.Column("subject", sa.Text, nullable=False, index=True),
            sa.Column("revision", sa.Integer, nullable=False),
            sa.Column("state", sa.Text, nullable=False),
            sa.Column("generation", sa.Integer, nullable=False),
            sa.Column("steps", sa.Integer, nullable=False),
            sa.Column("data", sa.JSON, nullable=False),
            sa.Column("undos", sa.JSON, nullable=False),
            sa.Column("heard", sa.JSON, nullable=False),
            sa.Column("created_at", UtcDateTime, nullable=False),
            sa.Column("updated_at", UtcDateTime, nullable=False),
            sa.Column("version", sa.Integer, nullable=False, server_default="1"),  # see `Records`
            sa.Index("saga_instances_by_age", "flow", "created_at", "instance_id"),
            sa.Index("saga_instances_by_revision", "flow", "revision"),  # not by state: that would slow every step down
        )
        self.history = sa.Table(
            "saga_history",
            metadata,
            sa.Column("instance_id", sa.Text, primary_key=True),
            sa.Column("flow", sa.Text, primary_key=True),
            sa.Column("step", sa.Integer, primary_key=True),
            sa.Column("at", UtcDateTime, nullable=False),
            sa.Column("from_state", sa.Text, nullable=False),
            sa.Column("to_state", sa.Text, nullable=False),
            sa.Column("because", sa.Text, nullable=False),
            sa.Column("message_id", sa.Text, nullable=False),
            sa.Column("sent", sa.JSON, nullable=False),
            sa.Column("author", sa.Text, nullable=False),
            sa.Column("reason", sa.Text, nullable=False),
        )
