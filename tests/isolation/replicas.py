"""Two replicas of one service on one database, each with connections of its own, brought together on purpose."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from bus.clock import ManualClock
from bus.database import Database
from bus.envelope import Envelope, enclose, origin
from bus.inbox import Inbox
from bus.incoming import Call, Source, Work, decode
from bus.journey import Committed, Journey
from bus.message import Message
from bus.service import Service
from bus.unit import Context

T = TypeVar("T")
PATIENCE_SECONDS = 20.0
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


class Halting(Database):
    """Its first transaction has done everything and stops right before its commit, until it is let go."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.halted = threading.Event()
        self.go = threading.Event()

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        with super().transaction() as connection:
            yield connection
            self.halted.set()
            assert self.go.wait(PATIENCE_SECONDS), "nobody let it go"


@dataclass(frozen=True)
class Meeting(Generic[T]):
    """What each replica made of it, and whether the second had to wait for the first one's commit."""

    first: T
    second: T
    waited: bool

    @property
    def both(self) -> tuple[T, T]:
        return self.first, self.second


class Replicas:
    """`meet` lets the second begin when the first is about to commit: the worst moment, every time."""

    def __init__(self, service: Service, url: str) -> None:
        self.service = service
        self.clock = ManualClock()
        self.url = url
        self._databases: list[Database] = []
        self.database = self.keep(Database(url))
        self.journey = self.journey_on(self.database)

    def keep(self, database: Database) -> Database:
        self._databases.append(database)
        return database

    def journey_on(self, database: Database) -> Journey:
        return Journey(self.service, database, self.clock)

    def close(self) -> None:
        for database in self._databases:
            database.close()

    def meet(self, first: Callable[[Journey], T], second: Callable[[Journey], T]) -> Meeting[T]:
        halting = Halting(self.url)
        self.keep(halting)
        with ThreadPoolExecutor(2) as threads:
            try:
                one = threads.submit(first, self.journey_on(halting))
                assert halting.halted.wait(PATIENCE_SECONDS), "the first never got to its commit"
                other = threads.submit(second, self.journey)
                waited = self.waits(other)
            finally:
                halting.go.set()
            return Meeting(one.result(PATIENCE_SECONDS), other.result(PATIENCE_SECONDS), waited)

    def tell(self, *messages: Message, prefix: str = "told") -> Committed:
        """Deliver messages to one replica, in one batch."""
        return self.journey.process(self.incoming(*messages, prefix=prefix))

    def incoming(self, *messages: Message, prefix: str) -> list[Work]:
        return [
            decode(self.service, self.envelope(message, f"{prefix}-{place}"), Inbox())
            for place, message in enumerate(messages)
        ]

    def envelope(self, message: Message, message_id: str) -> Envelope:
        cause = origin(message_id, sender="test", at="")
        return enclose(message, sender="test", at=self.clock.now(), cause=cause, place=0)

    def rows(self, table: sa.Table) -> Sequence[Any]:
        with self.database.snapshot() as connection:
            return connection.execute(sa.select(table)).all()

    def waits(self, other: "Future[Any]") -> bool:
        """Whether it has come upon a lock, rather than to its end."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up:
            if other.done():
                return False
            with self.database.snapshot() as connection:
                if connection.execute(sa.text(WAITING)).scalar_one():
                    return True
            time.sleep(0.005)
        raise AssertionError("the second neither ends nor waits for a lock")


def handling(works: Sequence[Work]) -> Callable[[Journey], list[str]]:
    """Process these in one batch. Returns the wire names of what was said."""
    return lambda journey: [envelope.type for envelope in journey.process(works).outgoing]


def again(envelopes: Sequence[Envelope], source: Source, service: Service) -> Callable[[Journey], list[str]]:
    """Each replica decodes for itself what both have heard of."""
    return lambda journey: handling([decode(service, envelope, source) for envelope in envelopes])(journey)


def calling(run: Callable[[Context], T]) -> Callable[[Journey], T]:
    """Run a function in a transaction. Returns what it returned."""

    def call(journey: Journey) -> T:
        work = Call(origin("call", sender="test", at=""), run)
        journey.process([work])
        if work.error is not None:
            raise work.error
        result: T = work.result
        return result

    return call
