from collections.abc import AsyncIterator

import httpx
import pytest

from minuet import services
from minuet.settings import Settings
from minuet.system import System, system


@pytest.fixture(scope="package")
async def whole(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """Everything in this process, as `minuet up` runs it."""
    folder = tmp_path_factory.mktemp("whole")
    settings = Settings(database_url=f"sqlite:///{folder}/{{service}}.db")
    async with system(settings, services.ALL) as built:
        await built.starting.run()
        yield built


@pytest.fixture(scope="package")
async def client(whole: System) -> AsyncIterator[httpx.AsyncClient]:
    """It is told what a stranger is told, not what went wrong inside."""
    transport = httpx.ASGITransport(whole.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=30) as made:
        yield made
