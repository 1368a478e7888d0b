"""What the conformance suite needs of each transport besides its protocol: to connect, and to die."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Protocol

import pytest
from yarl import URL

from bus.activity import Activity
from bus.clock import ManualClock
from bus.database import Database
from bus.transport import Transport
from bus.transports.memory import MemoryTransport
from bus.transports.rabbitmq import RabbitTransport
from bus.transports.sql import LEASE_SECONDS, SqlTransport, metadata
from tests.chaos.proxy import Proxy
from tests.databases import OnPostgreSQL
from tests.servers.rabbitmq import Broker


class Backend(Protocol):
    def connect(self) -> AbstractAsyncContextManager[Transport]:
        """A connection as a process of its own would have."""

    async def die(self, transport: Transport, queue: str) -> None:
        """The process that held this connection is gone without a word, and 10 s have passed."""


class SqlBackend:
    def __init__(self, url: str) -> None:
        self._url = url
        self._clock = ManualClock()
        database = Database(url)
        metadata.create_all(database.engine)
        database.close()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Transport]:
        database = Database(self._url)
        transport = SqlTransport(database, self._clock.machine, Activity())
        yield transport
        await transport.close()
        database.close()

    async def die(self, transport: Transport, queue: str) -> None:
        self._clock.advance(timedelta(seconds=LEASE_SECONDS))


class MemoryBackend:
    def __init__(self) -> None:
        self._transport = MemoryTransport()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Transport]:
        yield self._transport

    async def die(self, transport: Transport, queue: str) -> None:
        self._transport.lose_connection(queue)


class RabbitBackend:
    """Each connection goes through a proxy of its own, which can be cut."""

    def __init__(self, url: str) -> None:
        self._url = URL(url)
        self._proxies: dict[Transport, Proxy] = {}

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Transport]:
        proxy = Proxy(self._url.port or 5672)
        transport = RabbitTransport(str(self._url.with_port(proxy.port)))
        self._proxies[transport] = proxy
        yield transport
        await transport.close()
        proxy.close()

    async def die(self, transport: Transport, queue: str) -> None:
        assert isinstance(transport, RabbitTransport)
        await transport.check()  # the broker has read what was acknowledged: it answers in sequence
        self._proxies[transport].cut()


def on_sqlite(request: pytest.FixtureRequest) -> SqlBackend:
    return SqlBackend(f"sqlite:///{request.getfixturevalue('tmp_path')}/bus.db")


def on_postgresql(request: pytest.FixtureRequest) -> SqlBackend:
    kept: OnPostgreSQL = request.getfixturevalue("on_postgresql")
    return SqlBackend(kept.url(metadata))


def on_rabbitmq(request: pytest.FixtureRequest) -> RabbitBackend:
    broker: Broker = request.getfixturevalue("rabbitmq")
    return RabbitBackend(broker.url)
