"""Group commit: what arrives while one batch is being committed makes up the next."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from bus.group_commit import GroupCommit


class Ledger:
    """Commits lists of items, one at a time, each when it is let."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.fails: set[str] = set()
        self._begun = threading.Semaphore(0)
        self._let = threading.Semaphore(0)
        self.told: list[list[str]] = []

    def commit(self, items: list[str]) -> list[str]:
        self._begun.release()
        assert self._let.acquire(timeout=10)
        self.batches.append(items)
        if self.fails & set(items):
            raise ValueError("will not have it")
        return items

    async def begun(self) -> None:
        assert await asyncio.to_thread(self._begun.acquire, timeout=10)

    def let(self, times: int = 1) -> None:
        self._let.release(times)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
async def group(ledger: Ledger) -> AsyncIterator[GroupCommit[str, list[str]]]:
    built = GroupCommit("ledger", ledger.commit, ledger.told.append)
    yield built
    ledger.let(10)
    await built.close()


async def submitted(group: GroupCommit[str, list[str]], *items: str) -> asyncio.Task[None]:
    """In line."""
    task = asyncio.create_task(group.submit(items))
    await asyncio.sleep(0)
    return task


async def test_one_item_goes_alone_when_idle(group: GroupCommit[str, list[str]], ledger: Ledger) -> None:
    ledger.let()
    await group.submit(["a"])
    assert ledger.batches == [["a"]]


async def test_a_batch_is_what_arrived_meanwhile(group: GroupCommit[str, list[str]], ledger: Ledger) -> None:
    """In the sequence in which it came."""
    first = await submitted(group, "a")
    await ledger.begun()
    rest = [await submitted(group, *items) for items in ("b", "cd", "e")]
    ledger.let(2)
    await asyncio.gather(first, *rest)
    assert ledger.batches == [["a"], ["b", "c", "d", "e"]]


async def test_the_host_is_told_before_anyone_who_waits(group: GroupCommit[str, list[str]], ledger: Ledger) -> None:
    """So that nothing looks finished whose consequences nobody knows of."""
    ledger.let()
    await group.submit(["a"])
    assert ledger.told == [["a"]]


async def test_whoever_stops_waiting_takes_nothing_with_them(
    group: GroupCommit[str, list[str]], ledger: Ledger
) -> None:
    """Neither their own item, nor anybody else's, nor anybody's answer; in line or under way."""
    under_way = await submitted(group, "a")
    await ledger.begun()
    in_line, stays = await submitted(group, "b"), await submitted(group, "c")
    under_way.cancel()
    in_line.cancel()
    ledger.let(2)
    await stays
    assert ledger.batches == [["a"], ["b", "c"]]


async def test_a_failure_reaches_everyone_in_the_batch_and_nobody_else(
    group: GroupCommit[str, list[str]], ledger: Ledger
) -> None:
    """What arrived meanwhile is tried for itself."""
    ledger.fails = {"b"}
    first = await submitted(group, "a")
    await ledger.begun()
    failing = [await submitted(group, "b"), await submitted(group, "c")]
    ledger.let()
    await ledger.begun()
    later = await submitted(group, "d")
    ledger.let(2)
    await asyncio.gather(first, later)
    for task in failing:
        with pytest.raises(ValueError, match="will not have it"):
            await task
    assert ledger.batches == [["a"], ["b", "c"], ["d"]]
    assert ledger.told == [["a"], ["d"]]


async def test_what_joins_goes_with_the_next_batch(group: GroupCommit[str, list[str]], ledger: Ledger) -> None:
    group.join("housekeeping")
    ledger.let()
    await group.submit(["a"])
    assert ledger.batches == [["housekeeping", "a"]]


async def test_what_joins_goes_alone_if_no_batch_comes(group: GroupCommit[str, list[str]], ledger: Ledger) -> None:
    group.join("one")
    group.join("two")
    ledger.let()
    await ledger.begun()
    await group.close()
    assert ledger.batches == [["one", "two"]]


async def test_what_joins_does_not_hide_a_failure_or_suffer_from_one(
    group: GroupCommit[str, list[str]], ledger: Ledger
) -> None:
    """Nobody waits for it, so nobody is told; the next batch goes on."""
    ledger.fails = {"housekeeping"}
    group.join("housekeeping")
    ledger.let(2)
    with pytest.raises(ValueError, match="will not have it"):
        await group.submit(["a"])
    await group.submit(["b"])
    assert ledger.batches == [["housekeeping", "a"], ["b"]]


async def test_closing_commits_what_is_there(group: GroupCommit[str, list[str]], ledger: Ledger) -> None:
    first = await submitted(group, "a")
    await ledger.begun()
    second = await submitted(group, "b")
    group.join("c")
    ledger.let(3)
    await group.close()
    await asyncio.gather(first, second)
    assert ledger.batches == [["a"], ["b", "c"]]


async def test_after_closing_nothing_is_taken_silently(group: GroupCommit[str, list[str]]) -> None:
    await group.close()
    with pytest.raises(RuntimeError):
        await group.submit(["late"])
