from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import httpx
import pytest

from minuet import services
from minuet.settings import Settings
from minuet.system import System, system
from tests.hostile.endpoints import ORDER, PERSON
from tests.hostile.asking import eventually

EUROS = {"amount": 1000, "currency": "EUR"}


@pytest.fixture(scope="module")
async def whole(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """Everything in this process, as `minuet up` runs it."""
    folder = tmp_path_factory.mktemp("whole")
    settings = Settings(database_url=f"sqlite:///{folder}/{{service}}.db")
    async with system(settings, services.ALL) as built:
        await built.starting.run()
        yield built


@pytest.fixture(scope="module")
async def client(whole: System) -> AsyncIterator[httpx.AsyncClient]:
    """A server's own client would raise what went wrong inside; ours is told what a stranger is told."""
    transport = httpx.ASGITransport(whole.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=30) as made:
        yield made
