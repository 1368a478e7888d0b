"""What the host does by itself while a database is away, and with a month of timers at once."""

from datetime import timedelta

import pytest

from bus import host, timers
from bus.clock import ManualClock
from tests.operators.fragile import Mark, Remind
from tests.operators.hosting import System, until


async def test_while_the_database_is_away_nothing_is_given_back_or_counted(
    running: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker counts what is given back against the message. It goes on by itself when the database is back."""
    monkeypatch.setattr(host, "POLL_SECONDS", 0.01)
    deliveries: list[int] = []

    def count(waiting):  # type: ignore[no-untyped-def]
        deliveries.extend(message.number for message in waiting)
        return waiting

    running.transport.choose = count
    await running.publish(Mark(name="tea", fails="unavailable"))

    async def tried_five_times() -> bool | None:
        return len(running.fragile.tried) >= 5 or None

    await until(tried_five_times)
    assert len(deliveries) == 1
    assert await running.items("/dead-letters") == []
    running.fragile.mended.add("unavailable")
    count_before = len(running.fragile.tried)

    async def tried_again() -> bool | None:
        return len(running.fragile.tried) > count_before or None

    await until(tried_again)
    assert (len(deliveries), await running.items("/dead-letters")) == (1, [])


async def test_a_rush_of_timers_goes_off_in_due_sequence_and_leaves_room_for_messages(
    running: System, clock: ManualClock
) -> None:
    """A month of downtime is over. Meanwhile a message is handled before the rush is."""
    number = 10 * timers.BATCH
    await running.publish(*[Remind(name=f"{day:04}", days=1 + day / 100) for day in reversed(range(number))])
    await running.some("/timers", 500, limit=500)
    clock.advance(timedelta(days=31))
    await running.publish(Mark(name="message"))

    async def went_off() -> list[str] | None:
        return running.fragile.tried if len(running.fragile.tried) == number + 1 else None

    tried = await until(went_off)
    assert tried.index("message") < number
    assert [name for name in tried if name != "message"] == [f"{day:04}" for day in range(number)]


async def test_between_the_batches_of_a_rush_is_a_pause(
    running: System, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pause is made to last: a message is handled in it, and no timer beyond the first batch goes off."""
    monkeypatch.setattr(timers, "RUSH_PAUSE_SECONDS", 3600.0)
    number = 2 * timers.BATCH
    await running.publish(*[Remind(name=f"{day:04}", days=1 + day / 100) for day in range(number)])
    await running.some("/timers", number, limit=500)
    clock.advance(timedelta(days=31))
    await running.some("/timers", timers.BATCH, limit=500)
    await running.publish(Mark(name="message"))

    async def handled() -> bool | None:
        return "message" in running.fragile.tried or None

    await until(handled)
    assert [name for name in running.fragile.tried if name != "message"] == [f"{n:04}" for n in range(timers.BATCH)]
