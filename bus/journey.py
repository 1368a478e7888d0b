"""One message's journey through a service: a batch of them, in one transaction.

    1 claim: insert the ids into the inbox, drop those seen before (or presume that none was, which 4 finds out)
    2 load what the handlers will ask for, locked
    3 run the handlers
    4 write what they changed; stage what they said
    5 commit

Publishing and acknowledging come after the commit, and are the host's.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bus import dead_letters, effects, outbox, timers
from bus.clock import Clock
from bus.database import Database, is_conflict, is_contended, is_unreachable
from bus.effects import Lease
from bus.envelope import Envelope
from bus.errors import Conflict, Unavailable
from bus.hooks import Hooks
from bus.incoming import Call, Incoming, Source, Work
from bus.message import Message
from bus.service import Service
from bus.unit import Context, Store, UnitOfWork

RETRIES = 4


@dataclass
class Committed:
    """What a commit leaves to be done by others."""

    outgoing: list[Envelope] = field(default_factory=list)
    effects: list[Lease] = field(default_factory=list)
    next_due: datetime | None = None  # no timer of the service is due before, as far as is known

    def add(self, other: "Committed") -> None:
        self.outgoing += other.outgoing
        self.effects += other.effects


class Journey:
    """Turns work into transactions. Synchronous: the host runs it in its one writer thread, the simulator inline."""

    def __init__(self, service: Service, database: Database, clock: Clock, hooks: Hooks | None = None) -> None:
        self.service = service
        self.database = database
        self.clock = clock
        self._hooks = hooks or Hooks()
        self._next_due: datetime | None = None
        self._asked = False  # the database, for the earliest timer

    def process(self, works: Sequence[Work]) -> Committed:
        """Do all of it in one transaction, or, if that fails, each in its own, so that one poison hurts nobody else.

        Each work's outcome is left in it. Raises Unavailable if the database is away; what is not `done` then may be
        processed again.
        """
        waiting = [work for work in works if not work.done]
        self._hooks.before_batch(waiting)
        try:
            for work in waiting:
                if isinstance(work, Incoming) and work.poison:
                    self._set_aside(work, work.poison)
            committed = self._process([work for work in waiting if not work.done])
            committed.next_due = self._next_due
            return committed
        finally:
            self._hooks.after_batch(waiting)

    def _process(self, works: list[Work]) -> Committed:
        if not works:
            return Committed()
        try:
            return self._together(works)
        except Exception as error:
            self._asked = False  # it may have been committed all the same
            if is_unreachable(error):
                raise Unavailable(str(error)) from error
            if len(works) == 1:
                self._give_up(works[0], error)
                return Committed()
        committed = Committed()
        for work in works:
            committed.add(self._process([work]))
        return committed

    def _together(self, works: list[Work]) -> Committed:
        """At first none of the messages is taken for a repeat. Whatever goes wrong then is done again, with a look."""
        presuming = any(isinstance(work, Incoming) and work.source.presumes for work in works)
        for _ in range(RETRIES):
            try:
                return self._transaction(works, presuming)
            except Exception as error:
                if not is_conflict(error) and (is_unreachable(error) or not presuming):
                    raise
            presuming = False
        return self._transaction(works, presuming=False)

    def _transaction(self, works: list[Work], presuming: bool) -> Committed:
        with self.database.transaction() as connection:
            unit = UnitOfWork(self.service, connection, self.clock.now(), self.clock.machine())
            fresh = claim(unit, works, presuming)
            preload(unit, fresh)
            results = {id(work): run(unit, work) for work in fresh}
            outbox.stage(unit)
            leases = effects.stage(unit)
            unit.flush()
            next_due = self._earliest_timer(unit)
        self._next_due, self._asked = next_due, True
        for work in works:
            work.finish(results.get(id(work)))
        return Committed(unit.outgoing, leases)

    def _earliest_timer(self, unit: UnitOfWork) -> datetime | None:
        """No timer of the service is due before. It may have been cancelled: that shows when it would be due."""
        known = [due for due in (self._next_due, unit.earliest_timer) if due is not None]
        if self._asked and (not known or min(known) > unit.now):
            return min(known, default=None)
        return timers.next_due(unit.connection, self.service.tables.timers)

    def _give_up(self, work: Work, error: Exception) -> None:
        if isinstance(work, Incoming):
            self._set_aside(work, error)
        elif is_contended(error):
            work.fail(Conflict(str(error)))
        else:
            work.fail(error)

    def _set_aside(self, work: Incoming, error: Exception) -> None:
        """Its own transaction: the failed one is rolled back."""
        try:
            with self.database.transaction() as connection:
                unit = UnitOfWork(self.service, connection, self.clock.now(), self.clock.machine())
                dead_letters.keep(unit, work, error)
                next_due = self._earliest_timer(unit)
        except sa.exc.SQLAlchemyError as failure:
            raise Unavailable(str(failure)) from failure
        self._next_due, self._asked = next_due, True
        work.fail(error)


def claim(unit: UnitOfWork, works: Iterable[Work], presuming: bool) -> list[Work]:
    """The works that are nobody else's: calls, and messages that were not handled before."""
    by_source: dict[type[Source], dict[str, Incoming]] = defaultdict(dict)
    for work in works:
        if isinstance(work, Incoming):
            by_source[type(work.source)].setdefault(work.envelope.id, work)
    mine: set[int] = set()
    for incoming in by_source.values():
        source = next(iter(incoming.values())).source
        claimed = source.claim(unit, list(incoming), presuming=presuming)
        mine |= {id(incoming[message_id]) for message_id in claimed}
    return [work for work in works if isinstance(work, Call) or id(work) in mine]


def preload(unit: UnitOfWork, works: Iterable[Work]) -> None:
    messages: dict[type[Store], list[Message]] = defaultdict(list)
    for work in works:
        if isinstance(work, Incoming) and work.message is not None:
            for store in unit.service.handler(type(work.message)).loads:
                messages[store].append(work.message)
    for store in sorted(messages, key=lambda store: store.__name__):  # the same for all replicas: no deadlock
        unit.store(store).prepare(messages[store])


def run(unit: UnitOfWork, work: Work) -> Any:
    context = Context(unit, work.envelope)
    unit.unheard.pop(work.envelope.id, None)
    if isinstance(work, Incoming) and work.message is not None:
        return context.handle(work.message)
    return work.run(context) if isinstance(work, Call) else None
