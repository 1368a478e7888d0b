"""Messages that could not be handled, kept in the service's own database with their cause.

`retrying` ones are tried again by themselves, one at a time, with growing pauses; `parked` ones wait for a person. What
was handled in the end is `redriven`, what a person gave up is `discarded`: then its id is in the inbox, and whatever
else arrives under it is dropped.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar

import sqlalchemy as sa

from bus import many
from bus.delivery import open_delivery
from bus.envelope import Envelope
from bus.errors import NotYet, Poison, Refused
from bus.ids import derived
from bus.inbox import KEPT_SECONDS, PRUNED_AT_ONCE, Inbox, is_handled
from bus.incoming import Incoming
from bus.storable import storable
from bus.tables import OPEN_LETTERS
from bus.transport import Delivery
from bus.unit import Context, UnitOfWork
from bus.unreadable import REFUSED, unreadable
from bus.upsert import insert_ignore

ATTEMPTS = 10  # pauses of 1, 2, 4 ... 256 seconds, about 9 minutes; then a person
LEASE_SECONDS = 5.0  # for the process that tries it; the others leave it alone so long
BATCH = 100
NEW_LINE = "\n"


class DeadLetters:
    """The source of retries. A message that was handled meanwhile just closes its row."""

    presumes: ClassVar[bool] = False

    def claim(self, unit: UnitOfWork, ids: Sequence[str], *, presuming: bool = False) -> set[str]:
        letters = unit.service.tables.dead_letters
        closed = unit.connection.execute(_close(letters), {"ids": ids}).scalars().all()
        return Inbox().claim(unit, closed) if closed else set()

    def set_aside(self, unit: UnitOfWork, message_id: str) -> bool:
        """`keep` updates its row."""
        return True


def keep(unit: UnitOfWork, work: Incoming, error: Exception) -> None:
    """Store a message that failed. Poison is parked at once; anything else is retried a number of times first.

    Not if it is somebody else's by now: a timer that another replica has fired, or that is not due any more.
    """
    if not work.source.set_aside(unit, work.envelope.id):
        return
    found = under(unit, work.envelope.id)
    envelope = apart(found, work.envelope)
    before = found if envelope is work.envelope else under(unit, envelope.id)
    if is_handled(unit, work.envelope.id):
        return  # a repeat of what was handled, or given up, meanwhile
    attempts = (before.attempts if before else 0) + 1
    parked = isinstance(error, Poison | Refused) or attempts >= ATTEMPTS or envelope is not work.envelope
    row = {
        **new(unit, envelope, describe(error)),
        "status": "parked" if parked else "retrying",
        "attempts": attempts,
        "first_at": before.first_at if before else unit.machine,
        "next_attempt_at": None if parked else unit.machine + 2.0 ** (attempts - 1),
    }
    unit.writes.put(unit.service.tables.dead_letters, [row])
    unit.flush()


def receive(unit: UnitOfWork, delivery: Delivery, why: str) -> None:
    """Take over what the transport has given up, e.g. after too many deliveries. It may well be innocent, as a crash
    counts against everything that was in hand: it is tried again at once, alone.
    """
    work = open_delivery(unit.service, delivery)
    if work.poison is not None:
        keep(unit, work, work.poison)
    elif apart(under(unit, work.envelope.id), work.envelope) is not work.envelope:
        keep(unit, work, Poison(f"another message has a letter under the same id, {work.envelope.id}; {why}"))
    else:
        row = new(unit, work.envelope, why)
        unit.connection.execute(insert_ignore(unit.connection, unit.service.tables.dead_letters).values(row))


def under(unit: UnitOfWork, message_id: str) -> Any:
    """The letter with this message id, locked."""
    return unit.connection.execute(_under(unit.service.tables.dead_letters), {"message_id": message_id}).first()


@cache
def _under(letters: sa.Table) -> Any:
    return sa.select(letters).where(letters.c.message_id == sa.bindparam("message_id")).with_for_update()


def apart(found: Any, envelope: Envelope) -> Envelope:
    """Under an id of its own, if the letter found under its id is another message's: nobody's is written over.

    Such a one is not tried again by itself: who says different things under one id may have said the first already.
    """
    known = envelope if found is None else message_of(found)
    if (known.type, known.body) == (envelope.type, envelope.body):
        return envelope
    return replace(envelope, id=str(derived(envelope.id, envelope.type, envelope.body.hex())))


def new(unit: UnitOfWork, envelope: Envelope, cause: str) -> dict[str, Any]:
    """A letter that is due."""
    return {
        "message_id": envelope.id,
        "letter_id": str(derived("dead letter", unit.service.name, envelope.id)),
        **envelope.to_row(),
        "cause": storable(cause),
        "status": "retrying",
        "attempts": 0,
        "first_at": unit.machine,
        "next_attempt_at": unit.machine,
    }


@cache
def _close(letters: sa.Table) -> Any:
    open_ones = many.among(letters.c.message_id, "ids") & (letters.c.status == "retrying")
    close = sa.update(letters).where(open_ones).values(status="redriven", next_attempt_at=None)
    return close.returning(letters.c.message_id)


def due(context: Context) -> list[Envelope]:
    """Lease the letters whose next attempt is due, and return their messages, to be tried one at a time."""
    unit = context.unit
    values = {"now": unit.machine, "until": unit.machine + LEASE_SECONDS, "most": BATCH}
    leased = unit.connection.execute(_lease(unit.service.tables.dead_letters), values)
    return [message_of(row) for row in sorted(leased, key=lambda row: (row.first_at, row.message_id))]


@cache
def _lease(letters: sa.Table) -> Any:
    waiting = (
        sa.select(letters.c.message_id)
        .where(letters.c.status == "retrying", letters.c.next_attempt_at <= sa.bindparam("now"))
        .order_by(letters.c.next_attempt_at)
        .limit(sa.bindparam("most"))
        .with_for_update(skip_locked=True)
        .cte("waiting")  # evaluated once; a subquery might be evaluated again and again, and take more
    )
    lease = sa.update(letters).where(letters.c.message_id.in_(sa.select(waiting.c.message_id)))
    lease = lease.values(next_attempt_at=sa.bindparam("until"))
    return lease.returning(letters.c.message_id, letters.c.headers, letters.c.body, letters.c.first_at)


def message_of(row: Any) -> Envelope:
    """What a letter contains, read as when it arrived."""
    headers = json.loads(row.headers)
    if REFUSED in headers:
        return unreadable(row.message_id, headers, row.body, headers[REFUSED])
    try:
        return replace(Envelope.parse(headers, row.body), id=row.message_id)
    except Poison as poison:
        return unreadable(row.message_id, headers, row.body, str(poison))


def describe(error: Exception) -> str:
    """The cause, for a person: a sentence if we raised it, else the exception's type and words."""
    if isinstance(error, Poison | Refused | NotYet):
        return str(error)
    if isinstance(error, sa.exc.DBAPIError):  # its first line: the others tell what people's data is in the row
        return f"{type(error.orig).__name__}: {str(error.orig).partition(NEW_LINE)[0]}"
    return f"{type(error).__name__}: {error}"


def prune(unit: UnitOfWork) -> int:
    """Some closed letters go when nothing can be redriven any more that is as old; returns how many."""
    letters = unit.service.tables.dead_letters
    closed = letters.c.status.not_in(OPEN_LETTERS) & (letters.c.first_at < unit.machine - KEPT_SECONDS)
    some = sa.select(letters.c.message_id).where(closed).limit(PRUNED_AT_ONCE).with_for_update(skip_locked=True)
    delete = sa.delete(letters).where(letters.c.message_id.in_(sa.select(some.cte("some").c.message_id)))
    return len(unit.connection.execute(delete.returning(letters.c.message_id)).all())
