"""Bugs in inbox and outbox."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

import bus.journey
from bus import outbox
from bus.changes import InsertNew
from bus.envelope import Envelope
from bus.inbox import Inbox
from bus.incoming import Work
from bus.journey import Committed, Journey
from bus.publisher import Publisher
from bus.unit import Context, UnitOfWork
from minuet.simulation.planted.bug import bug, replaced
from minuet.simulation.planted.early import handing_over_early


@bug
def no_inbox() -> AbstractContextManager[None]:
    """Nobody remembers what was handled."""

    def claim(_self: Inbox, _unit: UnitOfWork, ids: Sequence[str], **_: bool) -> set[str]:
        return set(ids)

    return replaced(Inbox, "claim", claim)


@bug
def inbox_outside_the_transaction() -> AbstractContextManager[None]:
    """That a message was handled is committed before it is."""

    def transaction(self: Any, works: list[Work], presuming: bool) -> Committed:
        with self.database.transaction() as connection:
            unit = UnitOfWork(self.service, connection, self.clock.now(), self.clock.machine())
            fresh = claim(unit, works, presuming=False)
        with replaced(bus.journey, "claim", lambda _unit, _works, _presuming: fresh):
            return original(self, works, presuming)

    claim, original = bus.journey.claim, Journey._transaction
    return replaced(Journey, "_transaction", transaction)


@bug
def inbox_after_the_transaction() -> AbstractContextManager[None]:
    """That a message was handled is committed after it was, in a transaction of its own."""

    def transaction(self: Any, works: list[Work], presuming: bool) -> Committed:
        with replaced(Inbox, "claim", unhandled):
            committed = original(self, works, presuming)
        with self.database.transaction() as connection:
            unit = UnitOfWork(self.service, connection, self.clock.now(), self.clock.machine())
            claim(Inbox(), unit, [w.envelope.id for w in works if isinstance(getattr(w, "source", None), Inbox)])
        return committed

    def unhandled(_self: Inbox, unit: UnitOfWork, ids: Sequence[str], **_: bool) -> set[str]:
        inbox = unit.service.tables.inbox
        known = sa.select(inbox.c.message_id).where(inbox.c.message_id.in_(ids))
        return set(ids) - set(unit.connection.execute(known).scalars())

    claim, original = Inbox.claim, Journey._transaction
    return replaced(Journey, "_transaction", transaction)


@bug
def repeat_presumed_to_be_new() -> AbstractContextManager[None]:
    """That nobody has handled a message before is presumed, and not found out when that is wrong."""
    return replaced(InsertNew, "conflict", "")


@bug
def outbox_not_swept() -> AbstractContextManager[None]:
    """What a crash left in the outbox stays there."""
    return replaced(outbox, "sweep", lambda _context: [])


@bug
def swept_as_an_event() -> AbstractContextManager[None]:
    """What was left in the outbox is published as if nobody needed to be there who obeys it."""

    def sweep(context: Context) -> list[Envelope]:
        return [replace(envelope, command=False) for envelope in original(context)]

    original = outbox.sweep
    return replaced(outbox, "sweep", sweep)


@bug
def relay_by_cursor() -> AbstractContextManager[None]:
    """The relay remembers how far it has published and never looks back."""
    cursors: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, float]] = WeakKeyDictionary()

    def sweep(context: Context) -> list[Envelope]:
        table, unit = context.unit.service.tables.outbox, context.unit
        cursor = cursors.setdefault(asyncio.get_running_loop(), {})
        beyond = table.c.at > cursor.get(unit.service.name, 0.0)
        old = table.c.lease_until < unit.machine
        rows = unit.connection.execute(sa.select(table).where(beyond, old).order_by(table.c.at)).all()
        cursor.update((unit.service.name, row.at) for row in rows)
        return [Envelope.from_row(row) for row in rows]

    return replaced(outbox, "sweep", sweep)


@bug
def published_before_the_commit() -> AbstractContextManager[None]:
    """What is said goes out before it is committed."""
    return handing_over_early("_publisher", outbox, "outgoing")


@bug
def forgotten_without_a_confirm() -> AbstractContextManager[None]:
    """Whatever the broker says, what was published leaves the outbox."""

    async def publish(self: Any, batch: list[Envelope]) -> None:
        await original(self, batch)
        ids = [envelope.id for envelope in batch]
        self._writer.join(lambda context: outbox.forget(context.unit, ids))

    original = Publisher._publish
    return replaced(Publisher, "_publish", publish)


@bug
def confirmed_row_kept() -> AbstractContextManager[None]:
    """What the broker has confirmed stays in the outbox."""
    return replaced(outbox, "forget", lambda _unit, _confirmed: None)


@bug
def event_not_in_the_outbox() -> AbstractContextManager[None]:
    """Commands are stored before they are sent, events are not said at all if there are several of them."""

    def stage(unit: UnitOfWork) -> None:
        events = [envelope for envelope in unit.outgoing if not envelope.command]
        unit.outgoing[:] = [e for e in unit.outgoing if e.command or e is events[-1]]
        original(unit)

    original = outbox.stage
    return replaced(outbox, "stage", stage)


BUGS = (
    no_inbox,
    inbox_outside_the_transaction,
    inbox_after_the_transaction,
    repeat_presumed_to_be_new,
    outbox_not_swept,
    swept_as_an_event,
    relay_by_cursor,
    published_before_the_commit,
    forgotten_without_a_confirm,
    confirmed_row_kept,
    event_not_in_the_outbox,
)
