"""The whole system in this process, started: for the demo, and for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from minuet import services
from minuet.settings import Settings
from minuet.system import System, system


@asynccontextmanager
async def embedded(settings: Settings) -> AsyncIterator[System]:
    async with system(settings, services.ALL) as built:
        await built.starting.run()
        yield built
