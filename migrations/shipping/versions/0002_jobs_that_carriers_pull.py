"""Jobs that carriers' clients pull under a lease, and which way parcels get to carriers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

COLUMNS = (
    ("pick_id", sa.Text),
    ("recipient", sa.JSON),
    ("queued_at", sa.Double),
    ("lease_until", sa.Double),
)
INDEXED = ("queued_at", "lease_until")


def upgrade() -> None:
    """A shipment that is with the carrier already needs none of it: it was pushed."""
    for name, kind in COLUMNS:
        op.add_column("shipments", sa.Column(name, kind, nullable=True))
    for name in INDEXED:
        op.create_index(f"ix_shipments_{name}", "shipments", [name])
    op.create_table(
        "carrier",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.CheckConstraint("id = 1", name="one_carrier"),
    )


def downgrade() -> None:
    """Refused while a carrier's client may hold a job: revision 1 could never hear of it again."""
    waiting = sa.text("select count(*) from shipments where state in ('pending', 'leased')")
    if op.get_bind().execute(waiting).scalar():
        raise RuntimeError("some shipments are pending or leased: PUT /carrier {mode: push}, and wait until none is")
    op.drop_table("carrier")
    for name in INDEXED:
        op.drop_index(f"ix_shipments_{name}", "shipments")
    for name, _ in reversed(COLUMNS):
        op.drop_column("shipments", name)
