"""PostgreSQL's NOTIFY: whoever puts messages into a queue wakes its receivers in all processes."""

import asyncio
from collections.abc import Callable, Iterable

import psycopg
import sqlalchemy as sa
import structlog

from bus.database import POSTGRESQL_CONNECTION

CHANNEL = "minuet_queues"
RECONNECT_SECONDS = 1.0

log = structlog.get_logger()


def notify(connection: sa.Connection, queues: Iterable[str]) -> None:
    """Heard when, and if, the transaction commits."""
    rows = [{"channel": CHANNEL, "queue": queue} for queue in queues]
    if rows:
        connection.execute(sa.text("SELECT pg_notify(:channel, :queue)"), rows)


class Listening:
    """A connection of its own that listens. While it is lost nothing is: receivers also look by themselves."""

    def __init__(self, url: sa.URL, heard: Callable[[str], None], missed: Callable[[], None]) -> None:
        """`heard` is told the queue; `missed`, that anything may have arrived meanwhile."""
        self._url = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._heard = heard
        self._missed = missed
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except psycopg.Error as error:
                log.warning("waiting for the database, to listen", why=str(error).strip())
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        connect = psycopg.AsyncConnection.connect(self._url, autocommit=True, **POSTGRESQL_CONNECTION)
        async with await connect as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            self._missed()
            async for notification in connection.notifies():
                self._heard(notification.payload)
