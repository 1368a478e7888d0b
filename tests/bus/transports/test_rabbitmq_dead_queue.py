"""What the broker gives up, the service takes over, and tries again one at a time."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from bus.activity import Activity
from bus.clock import ManualClock
from bus.database import Database
from bus.host import Host
from bus.topology import DELIVERY_LIMIT
from bus.transport import Delivery
from bus.transports.rabbitmq import RabbitTransport
from tests.bus.faults import Through
from tests.bus.transports.strangers import publish, stranger
from tests.bus.transports.words import receive
from tests.operators.fragile import Fragile, tables
from tests.operators.hosting import until
from tests.servers.rabbitmq import RabbitMQ

MARK = "fragile.mark.v1"


@pytest.fixture
def url(private_rabbitmq: RabbitMQ) -> str:
    """The service has a fixed name: each test has a virtual host of its own."""
    return private_rabbitmq.virtual_host(f"dead-{uuid4().hex}")


def headers(number: int) -> dict[str, str]:
    return {"ce-specversion": "1.0", "ce-id": f"mark-{number}", "ce-type": MARK, "ce-source": "/stranger"}


async def give_up_delivering(url: str, count: int, poison: bytes) -> None:
    """A consumer that crashes again and again with all of it in hand: `count` innocents and one poison."""
    transport = RabbitTransport(url)
    service = Fragile().service()
    await transport.declare(service.name, service.bindings())
    async with stranger(url) as channel:
        for number in range(count):
            body = json.dumps({"name": f"tea-{number}"}).encode()
            await publish(channel, "fragile.commands", MARK, body, headers=headers(number))
        await publish(channel, "fragile.commands", MARK, poison, headers=headers(count))
    for _ in range(DELIVERY_LIMIT + 1):
        await transport.nack(await receive(transport, service.name, count + 1))
    await transport.close()


class LookedThrough(Through):
    """The broker's, and whether the dead queue has been emptied."""

    def __init__(self) -> None:
        super().__init__()
        self.given_up: list[Delivery] = []

    def dead_queue(self, queue: str) -> str:
        return f"{queue}.dead"

    async def receive(self, queue: str, limit: int) -> list[Delivery]:
        deliveries = await super().receive(queue, limit)
        if queue == self.dead_queue("fragile"):
            self.given_up += deliveries
        return deliveries


@asynccontextmanager
async def hosted(url: str, database: Database, fragile: Fragile, through: LookedThrough) -> AsyncIterator[Host]:
    transport = through.around(RabbitTransport(url))
    service = fragile.service()
    service.metadata.create_all(database.engine)
    host = Host(service, database, transport, ManualClock(), uuid4, Activity())
    await host.declare()
    await host.start()
    yield host
    await host.stop()
    await transport.close()
    database.close()


async def ended(host: Host) -> list[tuple[str, str]] | None:
    """All six dead letters, as soon as none is to be tried again."""
    with host.database.snapshot() as connection:
        rows = connection.execute(host.service.tables.dead_letters.select()).all()
    found = sorted((row.message_id, row.status) for row in rows)
    return found if len(found) == 6 and all(status != "retrying" for _, status in found) else None


async def is_empty(url: str) -> bool:
    async with stranger(url) as channel:
        counted = [await channel.declare_queue(queue, passive=True) for queue in ("fragile", "fragile.dead")]
    return [queue.declaration_result.message_count for queue in counted] == [0, 0]


async def test_innocents_are_handled_and_the_poison_is_parked(url: str, tmp_path: Path) -> None:
    """A crash counts against everything that was in hand. Afterwards both queues are empty."""
    await give_up_delivering(url, 5, b"not JSON")
    fragile = Fragile()
    async with hosted(url, Database(f"sqlite:///{tmp_path}/fragile.db"), fragile, LookedThrough()) as host:
        innocents = [(f"mark-{n}", "redriven") for n in range(5)]
        assert await until(partial(ended, host)) == [*innocents, ("mark-5", "parked")]
        assert sorted(fragile.tried) == [f"tea-{n}" for n in range(5)]
    assert await is_empty(url)


class Reluctant(Database):
    """Keeps the first letter only when it is asked again and again, for a reason that no database has."""

    refusals = 3

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        with super().transaction() as connection:
            yield connection
            first = sa.select(tables.dead_letters).where(tables.dead_letters.c.message_id == "mark-0")
            if self.refusals and connection.execute(first).first():
                self.refusals -= 1
                raise ArithmeticError("unheard of")


async def test_what_cannot_be_kept_at_once_stays_in_hand(url: str, tmp_path: Path) -> None:
    """It is not given back again and again: some brokers drop what comes back too often."""
    await give_up_delivering(url, 5, b"not JSON")
    through, database = LookedThrough(), Reluctant(f"sqlite:///{tmp_path}/fragile.db")
    async with hosted(url, database, Fragile(), through) as host:
        assert await until(partial(ended, host))
        assert database.refusals == 0
        assert through.given_back == []
    assert await is_empty(url)
