"""The trip service: the tiny flow on the bus."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bus import dead_letters
from bus.envelope import Envelope, enclose, origin
from bus.inbox import Inbox
from bus.incoming import Incoming, decode
from bus.message import Message
from bus.service import Service
from bus.tables import BusTables
from saga import view
from saga.instance import Instance
from saga.keeping import Keeper, handlers
from saga.store import Instances
from saga.tables import SagaTables
from tests.saga.trip import trips
from tests.service_bench import ServiceBench

metadata = sa.MetaData()
bus_tables = BusTables(metadata)
saga_tables = SagaTables(metadata)


class Trips(Instances):
    tables = saga_tables


service = Service("trip", metadata, bus_tables, handlers(Keeper(trips, Trips)))


def find(bench: ServiceBench, trip_id: str) -> Instance:
    found = bench.call(lambda context: context.store(Trips).find(trips, trip_id, trip_id))
    assert found is not None
    return found


def armed(bench: ServiceBench) -> list[tuple[str, str, datetime]]:
    """(trip, deadline, due) of every armed deadline."""
    timers = bus_tables.timers
    with bench.database.snapshot() as connection:
        rows = connection.execute(sa.select(timers.c.subject, timers.c.name, timers.c.due_at).order_by(timers.c.due_at))
        return [(row.subject, row.name, row.due_at) for row in rows]


def history(bench: ServiceBench, trip_id: str) -> list[dict[str, Any]]:
    with bench.database.snapshot() as connection:
        return view.history(connection, saga_tables, "trip", trip_id)


def batch(bench: ServiceBench, *messages: Message) -> list[str]:
    """Deliver all of them in one transaction. Returns the wire names of what was said."""
    works = [incoming(bench, message, f"batched-{place}") for place, message in enumerate(messages)]
    return [envelope.type for envelope in bench.journey.process(works).outgoing]


def incoming(bench: ServiceBench, message: Message, message_id: str) -> Incoming:
    cause = origin(message_id, sender="test", at="")
    return decode(bench.service, enclose(message, sender="test", at=bench.clock.now(), cause=cause, place=0), Inbox())


def retry(bench: ServiceBench, after: timedelta) -> list[Envelope]:
    """What the sweeper does with dead letters, `after` this time. Returns what was said."""
    bench.clock.advance(after)
    letters = bench.call(dead_letters.due)
    works = [decode(bench.service, letter, dead_letters.DeadLetters()) for letter in letters]
    return [said for work in works for said in bench.journey.process([work]).outgoing]
