"""Shipments by reference."""

import sqlalchemy as sa
from alembic import op

from migrations.shared import bus_1

revision = "0001"
down_revision = None


def upgrade() -> None:
    bus_1.create()
    op.create_table(
        "shipments",
        sa.Column("reference", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("shipment_id", sa.Text, nullable=True, unique=True),
        sa.Column("cancel_wished", sa.Boolean, nullable=False),
        sa.Column("carrier", sa.Text, nullable=True),
        sa.Column("tracking_number", sa.Text, nullable=True),
        sa.Column("reason", sa.Text, nullable=True),
    )


def downgrade() -> None:
    op.drop_table("shipments")
    bus_1.drop()
