"""A connection to the broker: made when it is needed, and made anew when it was lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import unquote, urlsplit

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from bus.errors import Unavailable

HEARTBEAT_SECONDS = 5  # a peer that is gone without a word is noticed after two or three of them
ANSWER_SECONDS = 3.0  # for the broker to answer anything
CLOSE_SECONDS = 1.0


class Link:
    def __init__(self, url: str, name: str) -> None:
        self.declared: set[str] = set()  # what this connection saw to be there; another broker may know nothing of it
        self.user = unquote(urlsplit(url).username or "") or None
        self._url = url
        self._name = name
        self._connection: AbstractConnection | None = None
        self._connecting: asyncio.Task[AbstractConnection] | None = None
        self._asked: AbstractChannel | None = None  # to see whether the broker answers, on this connection:
        self._asked_on: AbstractConnection | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def ready(self) -> AbstractConnection:
        """Connected, and not blocked. Raises Unavailable within seconds."""
        async with answered():
            connection = await self._connected()
        async with answered("the broker accepts nothing now: it is short of memory or disk"):
            if connection.transport is not None:
                await connection.transport.ready()
        return connection

    async def open_channel(self, *, confirms: bool = False) -> AbstractChannel:
        """Whoever opens it holds it, as nobody else does. Raises Unavailable within seconds."""
        connection = await self.ready()
        try:
            async with answered():
                channel = connection.channel(publisher_confirms=confirms, on_return_raises=confirms)
                await channel.initialize()
                return channel
        except Unavailable:
            self._give_up(connection)
            raise

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[AbstractChannel]:
        """For a few words with the broker."""
        channel = await self.open_channel()
        try:
            yield channel
        finally:
            self.abandon(channel)

    def _give_up(self, connection: AbstractConnection) -> None:
        """The next to need one makes another."""
        if self._connection is connection:
            self._connection = None
        self.abandon(connection)

    def abandon(self, what: AbstractConnection | AbstractChannel) -> None:
        """Nobody waits for its end: a broker that does not answer does not say goodbye either."""
        ending = asyncio.create_task(end(what))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def check(self) -> None:
        """Raises Unavailable unless the broker answers now. Always on one channel: the client library keeps something
        of each that it has opened, as long as the connection lasts.
        """
        connection = await self.ready()
        if self._asked is None or self._asked.is_closed or self._asked_on is not connection:
            self._asked, self._asked_on = await self.open_channel(), connection
        try:
            async with answered():
                await self._asked.set_qos(prefetch_count=1)
        except Unavailable:
            self._give_up(connection)
            raise

    async def close(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        if self._connection is not None:
            self.abandon(self._connection)
        if self._ending:
            await asyncio.wait(self._ending)

    async def _connected(self) -> AbstractConnection:
        """Those who need it at the same time share one attempt."""
        if self._connection is not None and not is_lost(self._connection):
            return self._connection
        if self._connecting is None or self._connecting.done():
            self._connecting = asyncio.create_task(self._connect())
        return await asyncio.shield(self._connecting)

    async def _connect(self) -> AbstractConnection:
        self._connection = await aio_pika.connect(
            self._url,
            timeout=ANSWER_SECONDS,
            heartbeat=HEARTBEAT_SECONDS,
            client_properties={"connection_name": self._name},
        )
        self.declared = set()
        return self._connection


@asynccontextmanager
async def answered(otherwise: str = "the broker does not answer") -> AsyncIterator[None]:
    """Whatever is asked of the broker is answered in time, or it is Unavailable."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            yield
    except TimeoutError:
        raise Unavailable(otherwise) from None
    except CONNECTION_EXCEPTIONS as error:
        raise Unavailable(f"the broker: {words(error)}") from error
    except asyncio.CancelledError:
        if is_cancelled():
            raise
        raise Unavailable("the connection to the broker was closed") from None


def is_cancelled() -> bool:
    """Somebody wants this task to end. The client library says the same of everything on a connection that ends."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def is_lost(connection: AbstractConnection) -> bool:
    return connection.transport is None or connection.transport.connection.is_closed


async def end(what: AbstractConnection | AbstractChannel) -> None:
    with suppress(TimeoutError, *CONNECTION_EXCEPTIONS):
        await asyncio.wait_for(what.close(), CLOSE_SECONDS)


def words(error: BaseException) -> str:
    return str(error) or type(error).__name__
