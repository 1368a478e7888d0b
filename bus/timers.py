"""Timers as rows: a message that a service sends itself at a due time, business time."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

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
        self._new[timer_id] = {
            "timer_id": timer_id,
            "subject": message.subject,
            "name": name,
            "due_at": due_at,
            "wakes": wakes,
            "headers": json.dumps({**context.cause.headers(), "ce-id": timer_id, "ce-type": message.wire_name}),
            "body": message.model_dump_json().encode(),
        }
        return timer_id

    def cancel(self, timer_id: str) -> None:
        self._new.pop(timer_id, None)
        self._cancelled.add(timer_id)

    def flush(self) -> None:
        gone = self._cancelled | self._new.keys()
        if gone:
            self.connection.execute(sa.delete(self.table).where(self.table.c.timer_id.in_(self._free(gone))))
        if self._new:
            self.connection.execute(sa.insert(self.table), list(self._new.values()))
        self._new, self._cancelled = {}, set()

    def _free(self, timer_ids: Iterable[str]) -> sa.Select[tuple[str]]:
        """All but those that another replica is firing: it waits for what this unit has locked, so to wait for it would
        be a deadlock, and it will find its timer stale.
        """
        wanted = sa.select(self.table.c.timer_id).where(self.table.c.timer_id.in_(timer_ids))
        return wanted.with_for_update(skip_locked=True)


def timer_id_of(message: Local) -> str:
    """A timer is known by what it will say: whoever can say it can cancel it."""
    return str(derived("timer", message.wire_name, message.model_dump_json()))


class DueTimers:
    """The source of timers that go off: a timer is taken by deleting its row, if it is still due."""

    def claim(self, unit: UnitOfWork, ids: Sequence[str]) -> set[str]:
        timers = unit.service.tables.timers
        due = sa.select(timers.c.timer_id).where(timers.c.timer_id.in_(ids), timers.c.due_at <= unit.now)
        locked = due.order_by(timers.c.timer_id).with_for_update().cte("due")  # replicas queue up for them
        take = sa.delete(timers).where(timers.c.timer_id.in_(sa.select(locked.c.timer_id)))
        return set(unit.connection.execute(take.returning(timers.c.timer_id)).scalars())

    def set_aside(self, unit: UnitOfWork, message_id: str) -> None:
        self.claim(unit, [message_id])


def due(connection: sa.Connection, timers: sa.Table, now: datetime) -> list[Envelope]:
    """The timers that are due, in due order."""
    query = sa.select(timers.c.headers, timers.c.body).where(timers.c.due_at <= now)
    rows = connection.execute(query.order_by(timers.c.due_at, timers.c.timer_id).limit(BATCH))
    return [Envelope.from_row(row) for row in rows]


def next_due(connection: sa.Connection, timers: sa.Table) -> datetime | None:
    return connection.execute(sa.select(timers.c.due_at).order_by(timers.c.due_at).limit(1)).scalar()
