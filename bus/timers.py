"""Timers as rows: a message that a service sends itself at a due time, business time."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, ClassVar

import sqlalchemy as sa
from pydantic_core import to_json

from bus import many
from bus.database import UtcDateTime
from bus.envelope import Envelope
from bus.ids import derived
from bus.message import Local
from bus.unit import Context, Store, UnitOfWork

BATCH = 100  # a month of timers due at once is worked off in due order, so many at a time
RUSH_PAUSE_SECONDS = 0.05  # ... with a pause between, so that the messages of others have their turn


class Timers(Store):
    """The timers of the subjects of one unit of work; also the source of those that go off."""

    def __init__(self, unit: UnitOfWork) -> None:
        super().__init__(unit)
        self.table = unit.service.tables.timers
        self._new: dict[str, dict[str, object]] = {}
        self._cancelled: set[str] = set()

    def set(self, name: str, message: Local, due_at: datetime, context: Context, wakes: str = "") -> str:
        """Send `message` to this service once it is `due_at`; one that is set already is moved. Returns its id.

        The id follows from the message, so one that is set again and again needs something that tells them apart, e.g.
        a number. `wakes` says what waits, e.g. "trip in reserving", and would wait for ever without such a timer:
        the last one of a subject cannot be cancelled by an operator.
        """
        timer_id = timer_id_of(message)
        self._cancelled.discard(timer_id)
        self.unit.note_timer(due_at)
        self._new[timer_id] = {
            "timer_id": timer_id,
            "subject": message.subject,
            "name": name,
            "due_at": due_at,
            "wakes": wakes,
            "headers": to_json(context.cause.headers() | {"ce-id": timer_id, "ce-type": message.wire_name}).decode(),
            "body": message.model_dump_json().encode(),
        }
        return timer_id

    def cancel(self, timer_id: str) -> None:
        self._new.pop(timer_id, None)
        self._cancelled.add(timer_id)

    def relabel(self, timer_id: str, wakes: str) -> bool:
        """What waits has another name now. False if there is no such timer.

        One that another replica is firing is left as it is: to wait for it would be a deadlock.
        """
        if timer_id in self._new or timer_id in self._cancelled:
            self._new.get(timer_id, {})["wakes"] = wakes
            return timer_id in self._new
        changed = self.connection.execute(_relabel(self.table), {"ids": [timer_id], "now_wakes": wakes})
        return bool(changed.rowcount) or bool(self.connection.scalar(_armed(self.table), {"ids": [timer_id]}))

    def flush(self) -> None:
        """What another replica is firing is not cancelled: it will be found stale."""
        self.unit.writes.delete(self.table, [{"timer_id": timer_id} for timer_id in sorted(self._cancelled)])
        self.unit.writes.put(self.table, list(self._new.values()))
        self._new, self._cancelled = {}, set()


@cache
def _relabel(timers: sa.Table) -> sa.Update:
    wanted = sa.select(timers.c.timer_id).where(many.among(timers.c.timer_id, "ids"))
    not_going_off = wanted.with_for_update(skip_locked=True)
    return sa.update(timers).where(timers.c.timer_id.in_(not_going_off)).values(wakes=sa.bindparam("now_wakes"))


@cache
def _armed(timers: sa.Table) -> sa.Select[Any]:
    return sa.select(sa.exists().where(many.among(timers.c.timer_id, "ids")))


def timer_id_of(message: Local) -> str:
    """A timer is known by what it will say: whoever can say it can cancel it."""
    return str(derived("timer", message.wire_name, message.model_dump_json()))


class DueTimers:
    """The source of timers that go off: a timer is taken by deleting its row, if it is still due."""

    presumes: ClassVar[bool] = False

    def claim(self, unit: UnitOfWork, ids: Sequence[str], *, presuming: bool = False) -> set[str]:
        taken = unit.connection.execute(_take(unit.service.tables.timers), {"ids": ids, "now": unit.now})
        return set(taken.scalars())

    def set_aside(self, unit: UnitOfWork, message_id: str) -> bool:
        return bool(self.claim(unit, [message_id]))


@cache
def _take(timers: sa.Table) -> Any:
    """Delete those that are due. Replicas queue up for them."""
    is_due = timers.c.due_at <= sa.bindparam("now", type_=UtcDateTime)
    due = sa.select(timers.c.timer_id).where(many.among(timers.c.timer_id, "ids"), is_due)
    locked = due.order_by(timers.c.timer_id).with_for_update().cte("due")
    return sa.delete(timers).where(timers.c.timer_id.in_(sa.select(locked.c.timer_id))).returning(timers.c.timer_id)


def due(connection: sa.Connection, timers: sa.Table, now: datetime) -> list[Envelope]:
    """The timers that are due, in due order."""
    return [Envelope.from_row(row) for row in connection.execute(_due(timers), {"now": now})]


@cache
def _due(timers: sa.Table) -> sa.Select[Any]:
    query = sa.select(timers.c.headers, timers.c.body)
    query = query.where(timers.c.due_at <= sa.bindparam("now", type_=UtcDateTime))
    return query.order_by(timers.c.due_at, timers.c.timer_id).limit(BATCH)


def next_due(connection: sa.Connection, timers: sa.Table) -> datetime | None:
    earliest: datetime | None = connection.execute(_next_due(timers)).scalar()
    return earliest


@cache
def _next_due(timers: sa.Table) -> sa.Select[Any]:
    return sa.select(timers.c.due_at).order_by(timers.c.due_at).limit(1)
