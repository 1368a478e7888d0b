"""The inbox: the ids of the messages that this service has handled, written in the handler's own transaction.

Pattern: Idempotent Receiver (Hohpe and Woolf, Enterprise Integration Patterns).
"""

from collections.abc import Sequence
from functools import cache
from typing import ClassVar

import sqlalchemy as sa

from bus import many
from bus.tables import OPEN_LETTERS
from bus.unit import UnitOfWork

KEPT_SECONDS = 30 * 24 * 3600.0  # a redrive of anything older is refused


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

    def set_aside(self, unit: UnitOfWork, message_id: str) -> None:
        """Nothing: a message counts as handled only when it was."""


def is_handled(unit: UnitOfWork, message_id: str) -> bool:
    return bool(unit.connection.scalar(_is_handled(unit.service.tables.inbox), {"message_id": message_id}))


@cache
def _is_handled(inbox: sa.Table) -> sa.Select[tuple[bool]]:
    return sa.select(sa.exists().where(inbox.c.message_id == sa.bindparam("message_id")))


def prune(unit: UnitOfWork) -> None:
    """Not the ids of open dead letters: until they are closed, their redrive must find out what was handled."""
    tables = unit.service.tables
    unit.connection.execute(_prune(tables.inbox, tables.dead_letters), {"oldest": unit.machine - KEPT_SECONDS})


@cache
def _prune(inbox: sa.Table, letters: sa.Table) -> sa.Delete:
    open_letter = sa.exists().where(letters.c.message_id == inbox.c.message_id, letters.c.status.in_(OPEN_LETTERS))
    return sa.delete(inbox).where(inbox.c.at < sa.bindparam("oldest"), ~open_letter)
