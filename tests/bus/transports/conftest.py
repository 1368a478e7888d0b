"""Every transport that the conformance suite holds to the protocol."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bus.transport import Transport
from tests.bus.transports.backends import Backend, MemoryBackend, sqlite_backend

DURABLE: dict[str, Callable[[Path], Backend]] = {"sql on SQLite": sqlite_backend}
BACKENDS: dict[str, Callable[[Path], Backend]] = {**DURABLE, "memory": lambda _: MemoryBackend()}


@pytest.fixture(params=list(BACKENDS))
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    return BACKENDS[request.param](tmp_path)


@pytest.fixture(params=list(DURABLE))
def durable(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    return DURABLE[request.param](tmp_path)


@pytest.fixture
async def transport(backend: Backend) -> AsyncIterator[Transport]:
    async with backend.connect() as connected:
        yield connected
