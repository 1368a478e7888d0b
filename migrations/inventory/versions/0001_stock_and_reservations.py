"""Stock by SKU, its receipts, and what is reserved for whom."""

import sqlalchemy as sa
from alembic import op

from migrations.shared import bus_1

revision = "0001"
down_revision = None


def upgrade() -> None:
    bus_1.create()
    op.create_table(
        "stock",
        sa.Column("sku", sa.Text, primary_key=True),
        sa.Column("on_hand", sa.BigInteger, nullable=False),
        sa.Column("reserved", sa.BigInteger, nullable=False),
        sa.Column("shipped", sa.BigInteger, nullable=False),
        sa.CheckConstraint("on_hand >= 0", name="on_hand_not_below_zero"),
        sa.CheckConstraint("reserved >= 0", name="reserved_not_below_zero"),
        sa.CheckConstraint("shipped >= 0", name="shipped_not_below_zero"),
    )
    op.create_table(
        "receipts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("sku", sa.Text, sa.ForeignKey("stock.sku"), nullable=False, index=True),
        sa.Column("difference", sa.BigInteger, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "reservations",
        sa.Column("reference", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("goods", sa.JSON, nullable=False),
        sa.Column("pick_id", sa.Text, nullable=True),
        sa.Column("missing", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    for table in ("reservations", "receipts", "stock"):
        op.drop_table(table)
    bus_1.drop()
