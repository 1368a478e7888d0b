"""The queues of the sql transport and what is bound to them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "bindings",
        sa.Column("queue", sa.Text, primary_key=True),
        sa.Column("wire_name", sa.Text, primary_key=True, index=True),
    )
    op.create_table(
        "messages",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("lease_until", sa.Double, nullable=False),
        sa.Column("lease", sa.Text, nullable=True),
    )
    op.create_index("messages_by_queue", "messages", ["queue", "sequence"])


def downgrade() -> None:
    op.drop_table("messages")
    op.drop_table("bindings")
