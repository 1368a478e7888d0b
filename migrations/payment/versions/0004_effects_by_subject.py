"""Effects are found by what they are about."""

from migrations.shared import bus_2

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    bus_2.upgrade()


def downgrade() -> None:
    bus_2.downgrade()
