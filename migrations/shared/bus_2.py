"""Effects are found by what they are about."""

import json

import sqlalchemy as sa
from alembic import op

effects = sa.table("effects", sa.column("effect_id"), sa.column("headers"), sa.column("subject"))


def upgrade() -> None:
    with op.batch_alter_table("effects") as table:
        table.add_column(sa.Column("subject", sa.Text, nullable=False, server_default=""))
    connection = op.get_bind()
    for effect_id, headers in connection.execute(sa.select(effects.c.effect_id, effects.c.headers)).all():
        mine = effects.c.effect_id == effect_id
        connection.execute(sa.update(effects).where(mine).values(subject=subject_in(headers)))
    with op.batch_alter_table("effects") as table:
        table.alter_column("subject", server_default=None)
        table.create_index("ix_effects_subject", ["subject"])


def downgrade() -> None:
    with op.batch_alter_table("effects") as table:
        table.drop_index("ix_effects_subject")
        table.drop_column("subject")


def subject_in(headers: str) -> str:
    try:
        return str(json.loads(headers).get("ce-subject", ""))
    except ValueError:
        return ""
