"""What is overdue in a service's database: one look a second finds what a crash, or another process, has left."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

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
    return Earliest(**connection.execute(_earliest(tables)).one()._mapping)


@cache
def _earliest(tables: BusTables) -> sa.Select[Any]:
    """Each by the first entry of an index, however many rows there are."""
    columns = {
        "lease": tables.outbox.c.lease_until,
        "call": tables.effects.c.lease_until,
        "letter": tables.dead_letters.c.next_attempt_at,
        "timer": tables.timers.c.due_at,
    }
    return sa.select(*(sa.select(sa.func.min(column)).label(name) for name, column in columns.items()))
