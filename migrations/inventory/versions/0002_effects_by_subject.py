"""Effects are found by what they are about."""

from migrations.shared import bus_2

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    bus_2.upgrade()


def downgrade() -> None:
    bus_2.downgrade()
