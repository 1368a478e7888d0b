"""Orders as instances of the flow, the catalogue, the customers, and the requests that were answered."""

import sqlalchemy as sa
from alembic import op

from migrations.shared import bus_1, saga_1

revision = "0001"
down_revision = None


def upgrade() -> None:
    bus_1.create()
    saga_1.create()
    op.create_table(
        "customers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("rewards_member", sa.Boolean, nullable=False),
    )
    op.create_table(
        "catalogue",
        sa.Column("sku", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
    )
    op.create_table(
        "requests",
        sa.Column("idempotency_key", sa.Text, primary_key=True),
        sa.Column("body_hash", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for table in ("requests", "catalogue", "customers"):
        op.drop_table(table)
    saga_1.drop()
    bus_1.drop()
