"""The counter service on a host, with its database and the bus in files that outlive it."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from bus.activity import Activity
from bus.clock import Clock, ManualClock
from bus.database import Database
from bus.envelope import Envelope
from bus.host import Host
from bus.message import Event, Message
from bus.transport import Binding, Transport
from bus.transports import sql
from bus.transports.sql import SqlTransport
from tests.bus.bench import wire
from tests.bus.counter import World, counter_service, counters, metadata, tables

PATIENCE_SECONDS = 10.0
LISTENER = "listener"  # a queue that hears every event of the service, and that nobody consumes


async def eventually(holds: Callable[[], bool]) -> None:
    """Poll until it holds; fail when patience is at its end."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110  (what it waits for comes to pass in a database)
            await asyncio.sleep(0.005)


@dataclass
class Process:
    """What dies together."""

    host: Host
    database: Database
    transport: Transport
    bus: SqlTransport

    async def end(self) -> None:
        await self.host.stop()
        await self.bus.close()
        self.database.close()


class House:
    def __init__(self, folder: Path) -> None:
        self.world = World()
        self.service = counter_service(self.world)
        self.clock = ManualClock()
        self.url = f"sqlite:///{folder}/counter.db"
        self.outside = Database(self.url)
        self.outside_bus = Database(f"sqlite:///{folder}/bus.db")
        self._processes: list[Process] = []
        metadata.create_all(self.outside.engine)
        sql.metadata.create_all(self.outside_bus.engine)
        self._post = SqlTransport(self.outside_bus, self.clock.machine, Activity())

    async def declare(self, *events: type[Event]) -> None:
        """What is said from now on is kept: for the service, and these events for a subscriber."""
        await self._post.declare("counter", self.service.bindings())
        await self._post.declare(LISTENER, [Binding(event.wire_name, command=False) for event in events])

    def process(
        self,
        *,
        database: Callable[[str], Database] = Database,
        transport: Callable[[Transport], Transport] = lambda inner: inner,
        clock: Clock | None = None,
        activity: Activity | None = None,
    ) -> Process:
        """A process of the service, not yet started. `database` and `transport` may wrap what it uses."""
        activity = activity or Activity()
        clock = clock or self.clock
        opened = database(self.url)
        bus = SqlTransport(self.outside_bus, clock.machine, activity)
        carried = transport(bus)
        host = Host(self.service, opened, carried, clock, uuid4, activity)
        made = Process(host, opened, carried, bus)
        self._processes.append(made)
        return made

    async def open(self, **wraps: Any) -> Process:
        """A running process."""
        process = self.process(**wraps)
        await process.host.start()
        return process

    async def end(self, process: Process) -> None:
        self._processes.remove(process)
        await process.end()

    async def close(self) -> None:
        for process in list(self._processes):
            await self.end(process)
        await self._post.close()
        self.outside.close()
        self.outside_bus.close()

    async def tell(self, message: Message, message_id: str | None = None) -> None:
        await self.post([wire(message, message_id or str(uuid4()))])

    async def post(self, envelopes: Sequence[Envelope]) -> None:
        await self._post.publish(envelopes)

    def nobody_hears(self) -> None:
        """The subscriber's bindings were deleted, by hand."""
        with self.outside_bus.transaction() as connection:
            connection.execute(sa.delete(sql.bindings).where(sql.bindings.c.queue == LISTENER))

    async def obey(self, *wire_names: str) -> None:
        """Somebody consumes these commands now."""
        await self._post.declare("elsewhere", [Binding(name, command=True) for name in wire_names])

    def later(self, seconds: float = 10.0) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    def totals(self) -> dict[str, int]:
        return {row.name: row.total for row in self.rows(counters)}

    def rows(self, table: sa.Table) -> list[Any]:
        database = self.outside_bus if table.metadata is sql.metadata else self.outside
        with database.snapshot() as connection:
            return list(connection.execute(sa.select(table)))

    def queued(self, queue: str = "counter") -> list[str]:
        """The ids of what waits in a queue, or is in somebody's hands."""
        return [row.message_id for row in self.rows(sql.messages) if row.queue == queue]

    def heard(self) -> dict[str, dict[str, Any]]:
        """What a subscriber makes of what it hears: id → body, repeats dropped."""
        rows = sorted(self.rows(sql.messages), key=lambda row: row.sequence)
        return {row.message_id: json.loads(row.body) for row in rows if row.queue == LISTENER}

    def is_at_rest(self) -> bool:
        """Nothing waits anywhere in the service."""
        return not (self.queued() or self.rows(tables.outbox) or self.rows(tables.effects))
