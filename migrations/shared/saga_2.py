"""Instances are found by their revision."""

from alembic import op


def upgrade() -> None:
    op.create_index("saga_instances_by_revision", "saga_instances", ["flow", "revision"])


def downgrade() -> None:
    op.drop_index("saga_instances_by_revision", "saga_instances")
