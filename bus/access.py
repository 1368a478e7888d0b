"""What HTTP endpoints get of a running service: writes through its one writer, reads from snapshots of their own."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa

from bus.clock import Clock
from bus.database import Database
from bus.ids import IdSource
from bus.unit import Context
from bus.writer import Writer

T = TypeVar("T")


class Access:
    def __init__(self, writer: Writer, database: Database, clock: Clock, ids: IdSource) -> None:
        self._writer = writer
        self._database = database
        self._clock = clock
        self.new_id = ids

    def now(self) -> datetime:
        return self._clock.now()

    async def write(self, run: Callable[[Context], T], request_id: str | None = None) -> T:
        """Run in the next transaction. Raises Refused and whatever else `run` raises; then nothing was stored."""
        return await self._writer.call(run, request_id)

    def read(self) -> AbstractContextManager[sa.Connection]:
        """A read-only snapshot, for a plain (threaded) endpoint. Raises Unavailable."""
        return self._database.reading()
