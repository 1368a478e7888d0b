"""Does it answer? Asked with little patience, and never twice at once: to hang is to be away."""

import asyncio
from collections.abc import Awaitable, Callable

import sqlalchemy as sa

from bus.database import Database

PATIENCE_SECONDS = 1.0


class Probe:
    def __init__(self, name: str, ask: Callable[[], Awaitable[None]]) -> None:
        self.name = name
        self._ask = ask
        self._asking: asyncio.Task[bool] | None = None

    async def answers(self) -> bool:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._answered())
        done, _ = await asyncio.wait([self._asking], timeout=PATIENCE_SECONDS)
        return bool(done) and self._asking.result()

    async def _answered(self) -> bool:
        try:
            await self._ask()
        except Exception:
            return False  # whatever it raises, it is not there for us
        return True


def database_probe(database: Database) -> Probe:
    def select_one() -> None:
        with database.snapshot() as connection:
            connection.execute(sa.select(1))

    return Probe("database", lambda: asyncio.to_thread(select_one))
