"""The counter service, on the workbench and in a house of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bus.bench import CounterBench
from tests.bus.counter import Counted, Reminded, Sounded
from tests.bus.house import House
from tests.databases import OpenDatabase, in_memory


@pytest.fixture
def bench(open_database: OpenDatabase) -> CounterBench:
    return CounterBench(open_database)


@pytest.fixture
def other() -> CounterBench:
    """Another bench, which has seen nothing."""
    return CounterBench(in_memory)


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Its polls, which are for recovery only, are frequent, so that recovery is quick."""
    for constant in ("bus.host.POLL_SECONDS", "bus.writer.PAUSE_SECONDS", "bus.transports.sql.POLL_SECONDS"):
        monkeypatch.setattr(constant, 0.02)
    built = House(tmp_path)
    await built.declare(Counted, Sounded, Reminded)
    yield built
    await built.close()
