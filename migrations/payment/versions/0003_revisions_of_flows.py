"""Instances of flows are found by their revision."""

from migrations.shared import saga_2

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    saga_2.upgrade()


def downgrade() -> None:
    saga_2.downgrade()
