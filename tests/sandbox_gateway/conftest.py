from collections.abc import AsyncIterator

import httpx
import pytest

from bus.clock import ManualClock
from bus.database import Database
from tests.sandbox_gateway.words import client_of


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def client(clock: ManualClock) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(Database("sqlite://"), clock) as client:
        yield client
