"""Starting: databases migrated, queues declared, services at work; tried until it works, as others start, too."""

import asyncio
from contextlib import suppress

import structlog

from bus.database import is_conflict, is_unreachable
from bus.errors import Unavailable
from minuet.databases import Databases
from minuet.runtime import Runtime

RETRY_SECONDS = 1.0
PATIENCE_SECONDS = 3.0  # of a request that comes while we are starting

log = structlog.get_logger()


class Starting:
    def __init__(self, databases: Databases, runtime: Runtime) -> None:
        self._databases = databases
        self._runtime = runtime
        self._done = asyncio.Event()

    def done(self) -> bool:
        return self._done.is_set()

    async def wait(self) -> bool:
        """Is it done? Whoever comes a moment too early need not come again."""
        if not self.done():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._done.wait(), PATIENCE_SECONDS)
        return self.done()

    async def run(self) -> None:
        """Returns once everything is at work. Raises what waiting would not cure."""
        while not self.done():
            try:
                await self._attempt()
            except Exception as error:
                if not may_pass(error):
                    raise
                log.warning("not started, trying again: the database or the broker is away", why=str(error))
                await asyncio.sleep(RETRY_SECONDS)

    async def _attempt(self) -> None:
        await asyncio.to_thread(self._databases.migrate)
        await self._runtime.start()
        self._done.set()


def may_pass(error: Exception) -> bool:
    """Somebody is away, or another replica is migrating at this moment."""
    return isinstance(error, Unavailable) or is_unreachable(error) or is_conflict(error)
