"""Receivers are woken by NOTIFY: here the poll is so rare that nothing else could wake them in time."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from bus.transport import Transport
from bus.transports import sql
from tests.bus.transports.backends import SqlBackend
from tests.bus.transports.words import Words, numbers, receive
from tests.databases import OnPostgreSQL

LISTENERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'"


@pytest.fixture
def url(on_postgresql: OnPostgreSQL, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sql, "POLL_SECONDS", 3600.0)
    return on_postgresql.url(sql.metadata)


@pytest.fixture
async def two(url: str) -> AsyncIterator[tuple[Transport, Transport]]:
    """As two processes would have them."""
    backend = SqlBackend(url)
    async with backend.connect() as one, backend.connect() as other:
        yield one, other


async def listening(url: str, count: int = 1, *, but: frozenset[int] = frozenset()) -> frozenset[int]:
    """The processes that listen, once there are so many."""
    connecting = psycopg.AsyncConnection.connect(url.replace("+psycopg", ""), autocommit=True)
    async with asyncio.timeout(10), await connecting as connection:
        while True:
            found = await (await connection.execute(LISTENERS)).fetchall()
            pids = frozenset(row[0] for row in found) - but
            if len(pids) == count:
                return pids
            await asyncio.sleep(0.01)


async def test_a_receiver_in_another_process_is_woken(url: str, two: tuple[Transport, Transport]) -> None:
    """It waits already when the message is published."""
    words, (one, other) = Words(), two
    await one.declare(words.owner, [words.command()])
    waiting = asyncio.create_task(receive(other, words.owner, 1))
    await listening(url)
    await one.publish([words.envelope(words.command(), 1)])
    assert numbers(await waiting) == [1]


async def test_what_was_given_back_wakes_the_other_process(url: str, two: tuple[Transport, Transport]) -> None:
    """Whoever gives something back is perhaps about to stop."""
    words, (one, other) = Words(), two
    await one.declare(words.owner, [words.command()])
    await one.publish([words.envelope(words.command(), 1)])
    taken = await receive(one, words.owner, 1)
    waiting = asyncio.create_task(receive(other, words.owner, 1))
    await listening(url, 2)
    await one.nack(taken)
    assert numbers(await waiting) == [1]


async def test_a_listener_that_was_cut_off_listens_again(url: str, two: tuple[Transport, Transport]) -> None:
    """What was published meanwhile is not waited for any longer either."""
    words, (one, other) = Words(), two
    await one.declare(words.owner, [words.command()])
    waiting = asyncio.create_task(receive(other, words.owner, 2))
    cut = await listening(url)
    async with await psycopg.AsyncConnection.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        await connection.execute("SELECT pg_terminate_backend(%s)", [next(iter(cut))])
    await one.publish([words.envelope(words.command(), 1)])
    await listening(url, but=cut)
    await one.publish([words.envelope(words.command(), 2)])
    assert sorted(numbers(await waiting)) == [1, 2]
