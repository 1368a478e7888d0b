"""The trip service as versions that know one revision or several, on one database."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from bus.audit import Instruction
from bus.service import Service
from saga import migrating
from saga.fitness import knows_all
from saga.flow import Flow
from saga.instance import Instance
from saga.keeping import Keeper, handlers
from saga.migrating import Batch
from saga.row import Row, after, stays
from saga.state import State
from tests.saga.next_revision import next_revision
from tests.saga.trip import (
    TripEvent,
    reserving,
    trips,
)
from tests.saga.trip_service import Trips, bus_tables, metadata
from tests.saga.words import ID
from tests.service_bench import ServiceBench

DAY = timedelta(days=1)
BY = Instruction(author="ann", reason="a new table")

booking = State("booking")
nudge = Row(booking, after("nudge", hours=6), stays)
renamed = next_revision(trips, {reserving: booking})


class HotelClosed(TripEvent, owner="hotel"):
    """Known to the second revision alone."""


def version(flow: Flow) -> Service:
    """The trip service as a version that knows this flow."""
    keeper = Keeper(flow, Trips)
    return Service("trip", metadata, bus_tables, handlers(keeper), checks=(knows_all(keeper),))


def deployed(bench: ServiceBench, flow: Flow) -> ServiceBench:
    """Another version on the same database."""
    return ServiceBench(version(flow), lambda _: bench.database, bench.clock)


def migrate(bench: ServiceBench, flow: Flow, limit: int = 100, after: str | None = None) -> Batch:
    return bench.call(lambda context: migrating.migrate(Keeper(flow, Trips), context, BY, limit, after))


def look(bench: ServiceBench, flow: Flow) -> Batch:
    return bench.call(lambda context: migrating.look(Keeper(flow, Trips), context, BY, 100))


def fates(batch: Batch) -> list[tuple[str, str, str]]:
    """(subject, state, state that it becomes or refusal)"""
    return [(f.before.subject, f.before.state, f.made.refused or f.made.instance.state) for f in batch.fates]


def find(bench: ServiceBench, flow: Flow, trip_id: str = ID) -> Instance:
    found = bench.call(lambda context: context.store(Trips).find(flow, trip_id, trip_id))
    assert found is not None
    return found


def rows(bench: ServiceBench, table: sa.Table) -> Sequence[Any]:
    with bench.database.snapshot() as connection:
        return connection.execute(sa.select(table).order_by(*table.primary_key.columns)).all()


def everything(bench: ServiceBench) -> list[Any]:
    return [row for table in metadata.sorted_tables for row in rows(bench, table)]


def check(bench: ServiceBench) -> None:
    """As a host does before it starts."""
    with bench.database.snapshot() as connection:
        for each in bench.service.checks:
            each(connection)
