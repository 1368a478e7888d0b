"""One message's journey on every transport and every database: once, whatever comes twice, and wherever it dies."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from bus.activity import Activity
from bus.clock import ManualClock
from bus.database import Database
from bus.host import Host
from bus.transport import Binding, Delivery, Transport
from tests.bus.bench import wire
from tests.bus.counter import Count, Counted, World, counter_service, counters, metadata, tables
from tests.bus.faults import Death, Point
from tests.bus.house import eventually
from tests.bus.transports.backends import Backend
from tests.bus.transports.words import Words, receive
from tests.databases import OnPostgreSQL

COUNTED = Binding(Counted.wire_name, command=False)


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def url(request: pytest.FixtureRequest) -> str:
    """Of an empty database with the counter's tables."""
    if request.param == "SQLite":
        made = f"sqlite:///{request.getfixturevalue('tmp_path')}/counter.db"
        metadata.create_all(Database(made).engine)
        return made
    kept: OnPostgreSQL = request.getfixturevalue("on_postgresql")
    return kept.url(metadata)


class Site:
    """The counter service with a queue of its own, and a subscriber, on one backend and one database."""

    def __init__(self, backend: Backend, url: str, outside: Transport) -> None:
        self.backend = backend
        self.outside = outside
        self.clock = ManualClock()
        self.words = Words()
        self.database = Database(url)
        self.service = replace(counter_service(World()), name=self.words.queue("counter"))
        self.listener = self.words.queue("listener")
        self._url = url

    @asynccontextmanager
    async def process(self, death: Death | None = None) -> AsyncIterator[Transport]:
        """A running process, on connections of its own."""
        database = Database(self._url) if death is None else death.database(self._url)
        async with self.backend.connect() as own:
            carried = own if death is None else death.transport(own)
            host = Host(self.service, database, carried, self.clock, uuid4, Activity())
            await host.declare()
            await host.start()
            yield own
            await host.stop()
        database.close()

    async def tell(self, *message_ids: str) -> None:
        await self.outside.publish([wire(Count(name="a"), message_id) for message_id in message_ids])

    async def heard(self) -> list[int]:
        """The totals that a subscriber has heard of so far, repeats dropped."""
        marker = self.words.event("marker")
        await self.outside.declare(self.listener, [COUNTED, marker])
        await self.outside.publish([self.words.envelope(marker)])
        found: list[Delivery] = []
        while not found or found[-1].headers["ce-type"] != marker.wire_name:
            found += await receive(self.outside, self.listener, 1)
        await self.outside.ack(found)
        by_id = {delivery.headers["ce-id"]: json.loads(delivery.body) for delivery in found[:-1]}
        return sorted(body["total"] for body in by_id.values())

    def count(self, table: sa.Table) -> int:
        with self.database.snapshot() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()

    def total(self) -> int:
        with self.database.snapshot() as connection:
            return connection.execute(sa.select(counters.c.total)).scalar() or 0

    def has_said_all(self) -> bool:
        return self.count(tables.outbox) == 0


@pytest.fixture
async def site(backend: Backend, url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr("bus.host.POLL_SECONDS", 0.05)
    async with backend.connect() as outside:
        made = Site(backend, url, outside)
        await outside.declare(made.service.name, made.service.bindings())
        await outside.declare(made.listener, [COUNTED])
        yield made
        made.database.close()


async def test_what_comes_twice_counts_once_and_is_answered_once(site: Site) -> None:
    """Within a batch, and when everything is over."""
    async with site.process():
        await site.tell("1", "2", "1", "3", "2")
        await eventually(lambda: site.total() == 3 and site.has_said_all())
        await site.tell("3", "4")
        await eventually(lambda: site.total() == 4 and site.has_said_all())
    assert await site.heard() == [1, 2, 3, 4]
    assert site.count(tables.dead_letters) == 0


@pytest.mark.parametrize("point", Point)
async def test_wherever_the_process_dies_a_message_counts_once_and_is_answered(site: Site, point: Point) -> None:
    """The next process finds what the dead one left: in its database, and at the broker."""
    death = Death(point)
    async with site.process(death) as connection:
        await site.tell("1")
        await eventually(death.is_dead)
        await site.backend.die(connection, site.service.name)
    site.clock.advance(timedelta(seconds=10))  # the leases of the dead are over
    async with site.process():
        await eventually(lambda: site.total() == 1 and site.has_said_all())
        await site.tell("2")  # and the queue goes on
        await eventually(lambda: site.total() == 2 and site.has_said_all())
    assert await site.heard() == [1, 2]
