"""A host that is told to stop finishes what it has in hand."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from bus.activity import Activity
from bus.clock import RealClock
from bus.database import Database
from bus.envelope import enclose, origin
from bus.handler import on
from bus.host import Host
from bus.message import Command, Message
from bus.service import Service
from bus.tables import BusTables
from bus.transport import Delivery
from bus.transports.memory import MemoryTransport
from bus.unit import Context

QUEUE = "slow"


class Work(Command, owner=QUEUE, key="name"):
    name: str


class Recording(MemoryTransport):
    """Remembers what was acknowledged."""

    def __init__(self) -> None:
        super().__init__()
        self.acknowledged = 0

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        self.acknowledged += len(deliveries)
        await super().ack(deliveries)


class SlowService:
    """Its handler goes on when it is let."""

    def __init__(self, url: str) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()
        metadata = sa.MetaData()
        self.service = Service(QUEUE, metadata, BusTables(metadata), (on(Work, self._handle),))
        self.database = Database(url)
        metadata.create_all(self.database.engine)
        self.transport = Recording()
        self.host = Host(self.service, self.database, self.transport, RealClock(), uuid4, Activity())

    def _handle(self, _: Work, __: Context) -> list[Message]:
        self.begun.set()
        self.let_go.wait(20)
        return []

    async def start_on_one_message(self) -> None:
        await self.host.declare()
        await self.host.start()
        cause = origin(str(uuid4()), sender="test", at="")
        await self.transport.publish(
            [enclose(Work(name="w"), sender="test", at=RealClock().now(), cause=cause, place=0)]
        )
        await asyncio.to_thread(self.begun.wait, 20)

    async def send(self) -> None:
        cause = origin(str(uuid4()), sender="test", at="")
        work = enclose(Work(name="w"), sender="test", at=RealClock().now(), cause=cause, place=0)
        await self.transport.publish([work])

    def handled(self) -> int:
        with self.database.snapshot() as connection:
            return len(connection.execute(sa.select(self.service.tables.inbox)).all())


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[SlowService]:
    made = SlowService(f"sqlite:///{tmp_path}/slow.db")
    yield made
    made.let_go.set()
    made.database.close()


async def test_the_batch_in_hand_is_committed_and_acknowledged(slow: SlowService) -> None:
    await slow.start_on_one_message()
    stopping = asyncio.create_task(slow.host.stop())
    await asyncio.sleep(0)  # it has been told
    slow.let_go.set()
    await stopping
    assert (slow.handled(), slow.transport.acknowledged, slow.transport.waiting(QUEUE)) == (1, 1, 0)


async def test_nothing_is_taken_after_it_was_told_to_stop(slow: SlowService) -> None:
    await slow.start_on_one_message()
    slow.let_go.set()
    await slow.host.stop()
    await slow.send()
    assert slow.transport.waiting(QUEUE) == 1
