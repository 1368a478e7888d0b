"""Virtual time: nothing waits, and everything happens in sequence."""

import asyncio
import time

import pytest

from minuet.simulation.loop import Crashed, Standstill, VirtualLoop


def run(work: object) -> VirtualLoop:
    loop = VirtualLoop(lambda: 0.5)
    try:
        loop.run_until_complete(work)  # type: ignore[arg-type]
    finally:
        loop.close()
    return loop


def test_a_year_takes_no_time() -> None:
    """Sleeping passes virtual time alone."""
    started = time.monotonic()
    loop = run(asyncio.sleep(365 * 86400))
    assert loop.time() == pytest.approx(365 * 86400)
    assert time.monotonic() - started < 5


def test_a_thread_is_none_and_takes_its_time() -> None:
    """What runs in a thread runs here, after a while, and its result or error is heard a while later."""

    async def work() -> None:
        assert await asyncio.to_thread(lambda: 5) == 5
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)

    assert run(work()).time() == pytest.approx(2.0)


def test_of_a_process_that_died_nothing_is_heard() -> None:
    """Whoever waits for a crashed thread waits for ever."""

    def crash() -> None:
        raise Crashed

    async def work() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(crash), 1000)

    run(work())


def test_a_standstill_is_an_error() -> None:
    """A run in which nothing would ever happen again says so instead of hanging."""

    async def work() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Standstill):
        run(work())
