"""What the broker gives up, the service takes over, and tries again one at a time."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from bus.activity import Activity
from bus.clock import ManualClock
from bus.database import Database
from bus.host import Host
from bus.topology import DELIVERY_LIMIT
from bus.transports.rabbitmq import RabbitTransport
from tests.bus.transports.strangers import publish, stranger
from tests.bus.transports.words import receive
from tests.operators.fragile import Fragile
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


@asynccontextmanager
async def hosted(url: str, folder: Path, fragile: Fragile) -> AsyncIterator[Host]:
    database, transport = Database(f"sqlite:///{folder}/fragile.db"), RabbitTransport(url)
    service = fragile.service()
    service.metadata.create_all(database.engine)
    host = Host(service, database, transport, ManualClock(), uuid4, Activity())
    await host.declare()
    await host.start()
    yield host
    await host.stop()
    await transport.close()
    database.close()


async def test_innocents_are_handled_and_the_poison_is_parked(url: str, tmp_path: Path) -> None:
    """A crash counts against everything that was in hand. Afterwards both queues are empty."""
    await give_up_delivering(url, 5, b"not JSON")
    fragile = Fragile()
    async with hosted(url, tmp_path, fragile) as host:

        async def done() -> list[tuple[str, str]] | None:
            with host.database.snapshot() as connection:
                rows = connection.execute(host.service.tables.dead_letters.select()).all()
            found = sorted((row.message_id, row.status) for row in rows)
            return found if len(found) == 6 and all(status != "retrying" for _, status in found) else None

        assert await until(done) == [*((f"mark-{n}", "redriven") for n in range(5)), ("mark-5", "parked")]
        assert sorted(fragile.tried) == [f"tea-{n}" for n in range(5)]
    async with stranger(url) as channel:
        for queue in ("fragile", "fragile.dead"):
            assert (await channel.declare_queue(queue, passive=True)).declaration_result.message_count == 0
