"""Effects are found by what they are about."""

from migrations.shared import bus_2

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    bus_2.upgrade()


def downgrade() -> None:
    bus_2.downgrade()
