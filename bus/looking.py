"""What is overdue in a service's database: one look a second finds what a crash, or another process, has left."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

import sqlalchemy as sa

from bus.tables import BusTables


@dataclass(frozen=True)
class Earliest:
    """Of each kind, when the first is due: None if there is none."""

    lease: float | None  # of a message that was not published yet, machine time
    call: float | None  # that was not carried out yet: its lease, machine time
    letter: float | None  # its next attempt, machine time
    timer: datetime | None  # business time

    def is_overdue(self, machine: float) -> bool:
        """Something that only a sweep can see to."""
        return any(due is not None and due <= machine for due in (self.lease, self.call, self.letter))


def look(connection: sa.Connection, tables: BusTables) -> Earliest:
    lease, call, letter, timer = connection.execute(_earliest(tables)).one()
    return Earliest(lease, call, letter, timer)


@cache
def _earliest(tables: BusTables) -> sa.Select[tuple[float, float, float, datetime]]:
    """Each by the first entry of an index, however many rows there are."""
    columns = tables.outbox.c.lease_until, tables.effects.c.lease_until, tables.dead_letters.c.next_attempt_at
    machine = [sa.select(sa.func.min(column)).scalar_subquery() for column in columns]
    timer = sa.select(sa.func.min(tables.timers.c.due_at)).scalar_subquery()
    return sa.select(*machine, timer)
