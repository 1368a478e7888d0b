"""The inbox: the ids of the messages that this service has handled, written in the handler's own transaction.

Pattern: Idempotent Receiver (Hohpe and Woolf, Enterprise Integration Patterns).
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar

import sqlalchemy as sa

from bus import many
from bus.tables import OPEN_LETTERS
from bus.unit import UnitOfWork

KEPT_SECONDS = 30 * 24 * 3600.0  # a redrive of anything older is refused
PRUNED_AT_ONCE = 10_000  # rows; a day's at once would hold up everybody, or be given up by the database again and again


class Inbox:
    """The source of what arrives over the transport."""

    presumes: ClassVar[bool] = True

    def claim(self, unit: UnitOfWork, ids: Sequence[str], *, presuming: bool = False) -> set[str]:
        inbox = unit.service.tables.inbox
        rows = [{"message_id": message_id, "at": unit.machine} for message_id in sorted(ids)]
        if presuming:
            unit.writes.insert_new(inbox, rows)
            return set(ids)
        return many.insert_new(unit.connection, inbox, rows)

    def set_aside(self, unit: UnitOfWork, message_id: str) -> bool:
        """A message counts as handled only when it was."""
        return True


def is_handled(unit: UnitOfWork, message_id: str) -> bool:
    return bool(unit.connection.scalar(_is_handled(unit.service.tables.inbox), {"message_id": message_id}))


@cache
def _is_handled(inbox: sa.Table) -> sa.Select[tuple[bool]]:
    return sa.select(sa.exists().where(inbox.c.message_id == sa.bindparam("message_id")))


def prune(unit: UnitOfWork) -> int:
    """Some of what is old enough; returns how many. Not the ids of open dead letters: until they are closed, their
    redrive must find out what was handled.
    """
    tables = unit.service.tables
    values = {"oldest": unit.machine - KEPT_SECONDS, "most": PRUNED_AT_ONCE}
    return len(unit.connection.execute(_prune(tables.inbox, tables.dead_letters), values).all())


@cache
def _prune(inbox: sa.Table, letters: sa.Table) -> Any:
    open_letter = sa.exists().where(letters.c.message_id == inbox.c.message_id, letters.c.status.in_(OPEN_LETTERS))
    old = sa.select(inbox.c.message_id).where(inbox.c.at < sa.bindparam("oldest"), ~open_letter).order_by(inbox.c.at)
    some = old.limit(sa.bindparam("most")).with_for_update(of=inbox, skip_locked=True).cte("some")
    return sa.delete(inbox).where(inbox.c.message_id.in_(sa.select(some.c.message_id))).returning(inbox.c.message_id)
