"""Effects as rows: the intent is committed, then carried out under a lease, then its outcome is committed.

The outcome is handled in the transaction that deletes the row, so an effect that was carried out twice counts once.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar, TypeVar

import sqlalchemy as sa

from bus import many
from bus.envelope import Envelope
from bus.message import Effect
from bus.unit import Context, UnitOfWork

E = TypeVar("E", bound=Effect)

LEASE_SECONDS = 8.0  # longer than any timeout of a call to the outside world, shorter than the 10 s to be back in work
SWEEP_LIMIT = 100
LONGEST_PAUSE = 300.0


class Effects:
    """The source of outcomes. An outcome's id is its effect's."""

    presumes: ClassVar[bool] = True
    attempts: ClassVar[int | None] = None  # that there may have been; None: any number

    def claim(self, unit: UnitOfWork, ids: Sequence[str], *, presuming: bool = False) -> set[str]:
        effects = unit.service.tables.effects
        if presuming:
            unit.presumed_done.update(ids)
            as_they_are = {} if self.attempts is None else {"attempts": self.attempts}
            unit.writes.take(effects, [{"effect_id": effect_id, **as_they_are} for effect_id in sorted(ids)])
            return set(ids)
        return set(unit.connection.execute(_take(effects, self.attempts), {"ids": ids}).scalars())

    def set_aside(self, unit: UnitOfWork, message_id: str) -> None:
        self.claim(unit, [message_id])


class FirstAttempts(Effects):
    """The source of outcomes that count only if nobody else has begun meanwhile: what "nobody answers" means."""

    attempts = 1


def stage(unit: UnitOfWork) -> None:
    if unit.effects:
        fresh = {"attempts": 1, "lease_until": unit.machine + LEASE_SECONDS}
        rows = [{"effect_id": e.id, "subject": e.subject, **e.to_row(), **fresh} for e in unit.effects]
        unit.writes.insert(unit.service.tables.effects, rows)


@cache
def _take(effects: sa.Table, attempts: int | None) -> Any:
    take = sa.delete(effects).where(many.among(effects.c.effect_id, "ids")).returning(effects.c.effect_id)
    return take if attempts is None else take.where(effects.c.attempts == attempts)


def everything(effects: sa.Table) -> sa.Select[Any]:
    return sa.select(effects.c.headers, effects.c.body)


def not_done(kind: type[E], subject: str, context: Context) -> list[E]:
    """The intents of this kind about a subject that have no outcome yet: somebody carries them out, or still will."""
    table = context.unit.service.tables.effects
    rows = context.unit.connection.execute(everything(table).where(table.c.subject == subject))
    found = [each for row in rows if (each := Envelope.from_row(row)).id not in context.unit.presumed_done]
    return [kind.model_validate_json(each.body) for each in found if each.type == kind.wire_name]


def sweep(context: Context) -> list[Envelope]:
    """Lease effects whose lease is over: a crash or a failure left them behind."""
    unit = context.unit
    values = {"now": unit.machine, "until": unit.machine + LEASE_SECONDS, "most": SWEEP_LIMIT}
    leased = map(Envelope.from_row, unit.connection.execute(_lease(unit.service.tables.effects), values))
    return [effect for effect in leased if effect.id not in unit.presumed_done]


@cache
def _lease(effects: sa.Table) -> Any:
    overdue = (
        sa.select(effects.c.effect_id)
        .where(effects.c.lease_until < sa.bindparam("now"))
        .order_by(effects.c.lease_until)
        .limit(sa.bindparam("most"))
        .with_for_update(skip_locked=True)
        .cte("overdue")  # evaluated once; a subquery might be evaluated again and again, and take more
    )
    claim = sa.update(effects).where(effects.c.effect_id.in_(sa.select(overdue.c.effect_id)))
    claim = claim.values(lease_until=sa.bindparam("until"), attempts=effects.c.attempts + 1)
    return claim.returning(effects.c.headers, effects.c.body)


def postpone(context: Context, effect_id: str) -> None:
    """An attempt failed: the next one comes after a pause that doubles, 1 s at first."""
    effects = context.unit.service.tables.effects
    row = effects.c.effect_id == effect_id
    attempts = context.unit.connection.execute(sa.select(effects.c.attempts).where(row)).scalar() or 1
    pause = min(LONGEST_PAUSE, 2.0 ** (attempts - 1))
    context.unit.connection.execute(sa.update(effects).where(row).values(lease_until=context.unit.machine + pause))
