"""The ways by which a message reaches a service, each open to whatever a stranger puts in."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from aiormq.abc import AbstractChannel
from pamqp.commands import Basic

from bus.activity import Activity
from bus.clock import ManualClock
from bus.database import Database
from bus.envelope import Envelope
from bus.transport import Transport
from bus.transports import sql
from bus.transports.memory import MemoryTransport
from bus.transports.rabbitmq import RabbitTransport
from bus.transports.sql import SqlTransport
from tests.bus.transports.strangers import stranger


@dataclass(frozen=True)
class Said:
    """What a stranger says: he gets it to the queue of whoever hears `address`."""

    address: str
    headers: Mapping[str, Any]
    body: bytes
    properties: Basic.Properties = field(default_factory=Basic.Properties)  # where there are any


class Door(Protocol):
    transport: Transport

    async def say(self, said: Said) -> None: ...


@dataclass(frozen=True, slots=True)
class Anything(Envelope):
    """Published like an envelope, and says what it likes."""

    came_with: Mapping[str, str] = field(default_factory=dict)

    def headers(self) -> dict[str, str]:
        return dict(self.came_with)


class OwnTransport:
    """Ours, which carry texts as headers, and no properties."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    async def say(self, said: Said) -> None:
        nothing = dict.fromkeys(
            ("id", "source", "time", "subject", "correlation_id", "causation_id", "traceparent"), ""
        )
        told = Anything(**nothing, type=said.address, body=said.body, command=True, came_with=said.headers)
        assert await self.transport.publish([told]) == [None]


class RabbitDoor:
    """Frames as a stranger's client writes them."""

    def __init__(self, transport: Transport, channel: AbstractChannel) -> None:
        self.transport = transport
        self._channel = channel

    async def say(self, said: Said) -> None:
        if isinstance(said.properties, Basic.Properties) and said.properties.headers is None:
            said.properties.headers = dict(said.headers)
        exchange = said.address.partition(".")[0] + ".commands"
        await self._channel.basic_publish(
            said.body, exchange=exchange, routing_key=said.address, properties=said.properties
        )


@asynccontextmanager
async def by_memory() -> AsyncIterator[Door]:
    yield OwnTransport(MemoryTransport())


@asynccontextmanager
async def by_sql(folder: Path) -> AsyncIterator[Door]:
    database = Database(f"sqlite:///{folder}/bus.db")
    sql.metadata.create_all(database.engine)
    transport = SqlTransport(database, ManualClock().machine, Activity())
    yield OwnTransport(transport)
    await transport.close()
    database.close()


@asynccontextmanager
async def by_rabbitmq(url: str) -> AsyncIterator[Door]:
    transport = RabbitTransport(url)
    async with stranger(url) as channel:
        yield RabbitDoor(transport, await channel.get_underlay_channel())
    await transport.close()
