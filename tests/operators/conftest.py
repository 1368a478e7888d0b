from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bus.clock import ManualClock
from tests.databases import OpenDatabase
from tests.operators.bench import FragileBench
from tests.operators.hosting import System, system


@pytest.fixture
def bench(open_database: OpenDatabase) -> FragileBench:
    return FragileBench(open_database)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def running(tmp_path: Path, clock: ManualClock) -> AsyncIterator[System]:
    async with system(tmp_path, clock) as started:
        yield started
