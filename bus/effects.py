"""Effects as rows: the intent is committed, then carried out under a lease, then its outcome is committed.

The outcome is handled in the transaction that deletes the row, so an effect that was carried out twice counts once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar, TypeVar

import sqlalchemy as sa

from bus import many
from bus.envelope import Envelope
from bus.message import Effect
from bus.unit import Context, UnitOfWork

E = TypeVar("E", bound=Effect)

LEASE_SECONDS = 8.0  # shorter than the 10 s to be back in work
CALL_SECONDS = 7.5  # no call to the outside world may take longer
SWEEP_LIMIT = 100
LONGEST_PAUSE = 300.0


@dataclass(frozen=True)
class Lease:
    """An intent, and until when nobody but this process will carry it out."""

    effect: Envelope
    until: float  # machine time
    attempt: int  # 1: nobody can have begun before


class Effects:
    """The source of outcomes. An outcome's id is its effect's."""

    presumes: ClassVar[bool] = True
    attempts: ClassVar[int | None] = None  # that there may have been; None: any number

    def claim(self, unit: UnitOfWork, ids: Sequence[str], *, presuming: bool = False) -> set[str]:
        effects = unit.service.tables.effects
        if presuming:
            unit.presumed_done.update(ids)
            unit.unheard.update(dict.fromkeys(ids))
            as_they_are = {} if self.attempts is None else {"attempts": self.attempts}
            unit.writes.take(effects, [{"effect_id": effect_id, **as_they_are} for effect_id in sorted(ids)])
            return set(ids)
        rows = unit.connection.execute(_take(effects, self.attempts), {"ids": ids})
        taken = {row.effect_id: Envelope.from_row(row) for row in rows}
        unit.unheard.update(taken)
        return set(taken)

    def set_aside(self, unit: UnitOfWork, message_id: str) -> bool:
        return bool(self.claim(unit, [message_id]))


class FirstAttempts(Effects):
    """The source of outcomes that count only if nobody else has begun meanwhile: what "nobody answers" means."""

    attempts = 1


def stage(unit: UnitOfWork) -> list[Lease]:
    until = unit.machine + LEASE_SECONDS
    fresh = {"attempts": 1, "lease_until": until}
    rows = [{"effect_id": e.id, "subject": e.subject, **e.to_row(), **fresh} for e in unit.effects]
    unit.writes.insert(unit.service.tables.effects, rows)
    return [Lease(effect, until, attempt=1) for effect in unit.effects]


@cache
def _take(effects: sa.Table, attempts: int | None) -> Any:
    them = sa.delete(effects).where(many.among(effects.c.effect_id, "ids"))
    take = them.returning(effects.c.effect_id, effects.c.headers, effects.c.body)
    return take if attempts is None else take.where(effects.c.attempts == attempts)


def everything(effects: sa.Table) -> sa.Select[Any]:
    return sa.select(effects.c.headers, effects.c.body)


def not_done(kind: type[E], subject: str, context: Context) -> list[E]:
    """The intents of this kind about a subject that have no outcome yet: somebody carries them out, or still will. Nor
    do those have one whose outcome is in the same batch, and has not been handled.
    """
    unit = context.unit
    table = unit.service.tables.effects
    rows = unit.connection.execute(everything(table).where(table.c.subject == subject))
    there = [each for row in rows if is_open(each := Envelope.from_row(row), unit)]
    taken = [each for each in unit.unheard.values() if each is not None and each.subject == subject]
    return [kind.model_validate_json(each.body) for each in (*there, *taken) if each.type == kind.wire_name]


def is_open(effect: Envelope, unit: UnitOfWork) -> bool:
    return effect.id not in unit.presumed_done or effect.id in unit.unheard


def sweep(context: Context) -> list[Lease]:
    """Lease effects whose lease is over: a crash or a failure left them behind."""
    unit = context.unit
    values = {"now": unit.machine, "until": unit.machine + LEASE_SECONDS, "most": SWEEP_LIMIT}
    rows = unit.connection.execute(_lease(unit.service.tables.effects), values)
    leases = [Lease(Envelope.from_row(row), values["until"], row.attempts) for row in rows]
    return [lease for lease in leases if lease.effect.id not in unit.presumed_done]


def renew(context: Context, lease: Lease) -> Lease | None:
    """For longer, as who asks is late already. None if it is not his any more: it is done, or somebody else's."""
    unit, table = context.unit, context.unit.service.tables.effects
    if lease.effect.id in unit.presumed_done:
        return None
    until = unit.machine + 2 * LEASE_SECONDS
    mine = table.c.effect_id == lease.effect.id, table.c.attempts == lease.attempt
    renewed = unit.connection.execute(sa.update(table).where(*mine).values(lease_until=until)).rowcount
    return replace(lease, until=until) if renewed else None


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
    return claim.returning(effects.c.headers, effects.c.body, effects.c.attempts)


def postpone(context: Context, lease: Lease) -> None:
    """An attempt failed: the next one comes after a pause that doubles, 1 s at first. Unless another has leased it."""
    effects = context.unit.service.tables.effects
    mine = effects.c.effect_id == lease.effect.id, effects.c.attempts == lease.attempt
    pause = min(LONGEST_PAUSE, 2.0 ** min(lease.attempt - 1, 30))  # an exponent has a limit, too
    context.unit.connection.execute(sa.update(effects).where(*mine).values(lease_until=context.unit.machine + pause))
