"""Every transport that the conformance suite holds to the protocol."""

from collections.abc import AsyncIterator, Callable

import pytest

from bus.transport import Transport
from tests.bus.transports.backends import Backend, MemoryBackend, on_postgresql, on_rabbitmq, on_sqlite

Make = Callable[[pytest.FixtureRequest], Backend]
DURABLE: dict[str, Make] = {
    "sql on SQLite": on_sqlite,
    "sql on PostgreSQL": on_postgresql,
    "rabbitmq": on_rabbitmq,
}
BACKENDS: dict[str, Make] = {**DURABLE, "memory": lambda _: MemoryBackend()}


@pytest.fixture(params=list(BACKENDS))
def backend(request: pytest.FixtureRequest) -> Backend:
    return BACKENDS[request.param](request)


@pytest.fixture(params=list(DURABLE))
def durable(request: pytest.FixtureRequest) -> Backend:
    return DURABLE[request.param](request)


@pytest.fixture
async def transport(backend: Backend) -> AsyncIterator[Transport]:
    async with backend.connect() as connected:
        yield connected
