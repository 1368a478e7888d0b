"""Messages that could not be handled, kept in the service's own database with their cause.

`retrying` ones are tried again by themselves, one at a time, with growing pauses; `parked` ones wait for a person.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from bus.envelope import Envelope
from bus.errors import NotYet, Poison, Refused
from bus.inbox import Inbox
from bus.incoming import Incoming
from bus.unit import Context, UnitOfWork
from bus.upsert import insert_or_update

ATTEMPTS = 10  # pauses of 1, 2, 4 ... seconds: about 17 minutes, then a person
BATCH = 100


class DeadLetters:
    """The source of retries. A message that was handled meanwhile just closes its row."""

    def claim(self, unit: UnitOfWork, ids: Sequence[str]) -> set[str]:
        letters = unit.service.tables.dead_letters
        open_ones = letters.c.message_id.in_(ids) & (letters.c.status == "retrying")
        close = sa.update(letters).where(open_ones).values(status="redriven", next_attempt_at=None)
        closed = unit.connection.execute(close.returning(letters.c.message_id)).scalars().all()
        return Inbox().claim(unit, closed) if closed else set()

    def set_aside(self, unit: UnitOfWork, message_id: str) -> None:
        """Nothing: `keep` updates its row."""


def keep(unit: UnitOfWork, work: Incoming, error: Exception) -> None:
    """Store a message that failed. Poison is parked at once; anything else is retried a number of times first."""
    work.source.set_aside(unit, work.envelope.id)
    letters = unit.service.tables.dead_letters
    query = sa.select(letters.c.attempts, letters.c.first_at).where(letters.c.message_id == work.envelope.id)
    before = unit.connection.execute(query).first()
    attempts = (before.attempts if before else 0) + 1
    parked = isinstance(error, Poison | Refused) or attempts >= ATTEMPTS
    row = {
        "message_id": work.envelope.id,
        **work.envelope.to_row(),
        "cause": describe(error),
        "status": "parked" if parked else "retrying",
        "attempts": attempts,
        "first_at": before.first_at if before else unit.machine,
        "next_attempt_at": None if parked else unit.machine + 2.0 ** (attempts - 1),
    }
    unit.connection.execute(insert_or_update(unit.connection, letters, row))


def due(context: Context) -> list[Envelope]:
    """The messages whose next attempt is due."""
    letters = context.unit.service.tables.dead_letters
    query = (
        sa.select(letters.c.headers, letters.c.body)
        .where(letters.c.status == "retrying", letters.c.next_attempt_at <= context.unit.machine)
        .order_by(letters.c.next_attempt_at)
        .limit(BATCH)
    )
    return [Envelope.from_row(row) for row in context.unit.connection.execute(query)]


def describe(error: Exception) -> str:
    """The cause, for a person: a sentence if we raised it, else the exception's type and words."""
    if isinstance(error, Poison | Refused | NotYet):
        return str(error)
    return f"{type(error).__name__}: {error}"
