"""The counter service on the workbench: batches, and what lies in its tables afterwards."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from bus import dead_letters
from bus.clock import ManualClock
from bus.delivery import open_delivery
from bus.envelope import Envelope, enclose, origin
from bus.incoming import Incoming, Work, decode
from bus.journey import Committed
from bus.message import Message
from bus.transport import Delivery
from tests.bus.counter import World, counter_service, counters
from tests.databases import OpenDatabase
from tests.service_bench import ServiceBench


def wire(message: Message, message_id: str) -> Envelope:
    """What a stranger would send."""
    cause = origin("cause", sender="elsewhere", at="")
    at = ManualClock().now()
    return replace(enclose(message, sender="elsewhere", at=at, cause=cause, place=0), id=message_id)


def delivered(envelope: Envelope) -> Delivery:
    return Delivery("counter", envelope.headers(), envelope.body, tag=None)


class CounterBench(ServiceBench):
    def __init__(self, open_database: OpenDatabase) -> None:
        self.world = World()
        super().__init__(counter_service(self.world), open_database)

    def arrive(self, message: Message, message_id: str) -> Incoming:
        return open_delivery(self.service, delivered(wire(message, message_id)))

    def batch(self, *works: Work) -> Committed:
        return self.journey.process(works)

    def retry(self, after: timedelta) -> list[Envelope]:
        """What the sweeper does with dead letters, `after` this time. Returns what was said."""
        self.clock.advance(after)
        source = dead_letters.DeadLetters()
        works = [decode(self.service, letter, source) for letter in self.call(dead_letters.due)]
        return [said for work in works for said in self.batch(work).outgoing]

    def totals(self) -> dict[str, int]:
        return {row.name: row.total for row in self.rows(counters)}

    def letters(self) -> dict[str, tuple[str, int, str]]:
        """message id → (status, attempts, cause)"""
        return {row.message_id: (row.status, row.attempts, row.cause) for row in self.dead_letters()}

    def rows(self, table: sa.Table) -> list[Any]:
        with self.database.snapshot() as connection:
            return list(connection.execute(sa.select(table)))
