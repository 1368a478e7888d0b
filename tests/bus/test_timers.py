"""Timers as rows: they go off in due order, once, and not before."""

from datetime import timedelta
from typing import Any

import pytest

from bus import timers
from bus.envelope import Envelope
from bus.incoming import decode
from tests.bus.bench import CounterBench
from tests.bus.counter import Forget, Remind, Stumble, tables
from tests.bus.house import House, eventually

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)


def remind(bench: CounterBench, **days: int) -> None:
    for name, number in days.items():
        bench.tell(Remind(name=name, days=number))


def reminded(bench: CounterBench) -> list[str]:
    return [body["name"] for _, body in bench.fire_timers()]


def test_a_timer_goes_off_once_it_is_due_and_not_before(bench: CounterBench) -> None:
    remind(bench, a=1)
    bench.clock.advance(DAY - INSTANT)
    assert reminded(bench) == []
    bench.clock.advance(INSTANT)
    assert reminded(bench) == ["a"]
    bench.clock.advance(DAY)
    assert reminded(bench) == []


def test_timers_go_off_in_due_order(bench: CounterBench) -> None:
    """Not in the sequence in which they were set, even after a month of downtime."""
    remind(bench, late=20, early=1, middle=10)
    bench.clock.advance(30 * DAY)
    assert reminded(bench) == ["early", "middle", "late"]


def test_a_month_of_timers_is_worked_off_in_batches(bench: CounterBench) -> None:
    """All of them, the earliest first, and never more at once than a batch."""
    names = [f"{n:04}" for n in range(timers.BATCH * 2 + 1)]
    bench.batch(*[bench.arrive(Remind(name=name, days=int(name) // 10), name) for name in reversed(names)])
    bench.clock.advance(60 * DAY)
    batches = []
    while batch := reminded(bench):
        batches.append(batch)
    assert [len(batch) for batch in batches] == [timers.BATCH, timers.BATCH, 1]
    days = [int(name) // 10 for batch in batches for name in batch]
    assert days == sorted(days)


def test_a_cancelled_timer_does_not_go_off(bench: CounterBench) -> None:
    remind(bench, a=1, b=1)
    bench.tell(Forget(name="a"))
    bench.clock.advance(DAY)
    assert reminded(bench) == ["b"]


def test_to_cancel_what_is_not_set_is_nothing(bench: CounterBench) -> None:
    bench.tell(Forget(name="a"))
    assert bench.letters() == {}


def test_to_set_a_timer_again_moves_it(bench: CounterBench) -> None:
    """Whether both came in one batch or not."""
    remind(bench, a=1)
    remind(bench, a=3)
    bench.batch(bench.arrive(Remind(name="b", days=1), "1"), bench.arrive(Remind(name="b", days=3), "2"))
    bench.clock.advance(2 * DAY)
    assert reminded(bench) == []
    bench.clock.advance(DAY)
    assert sorted(reminded(bench)) == ["a", "b"]
    assert bench.letters() == {}


@pytest.mark.parametrize("together", [True, False])
def test_to_cancel_a_timer_that_was_moved_cancels_all_of_it(bench: CounterBench, together: bool) -> None:
    remind(bench, a=1)
    works = [bench.arrive(Remind(name="a", days=3), "1"), bench.arrive(Forget(name="a"), "2")]
    for batch in [works] if together else [[work] for work in works]:
        bench.batch(*batch)
    assert bench.rows(tables.timers) == []


def test_a_timer_can_be_set_anew_after_it_was_cancelled(bench: CounterBench) -> None:
    remind(bench, a=1)
    bench.batch(bench.arrive(Forget(name="a"), "1"), bench.arrive(Remind(name="a", days=2), "2"))
    assert [row.due_at for row in bench.rows(tables.timers)] == [bench.clock.now() + 2 * DAY]


def test_what_fails_sets_no_timer(bench: CounterBench) -> None:
    bench.batch(bench.arrive(Stumble(name="a"), "1"), bench.arrive(Remind(name="a", days=1), "2"))
    assert len(bench.rows(tables.timers)) == 1
    bench.batch(bench.arrive(Forget(name="a"), "3"), bench.arrive(Stumble(name="a"), "4"))
    assert bench.rows(tables.timers) == []


def due(bench: CounterBench) -> list[Envelope]:
    with bench.database.snapshot() as connection:
        return timers.due(connection, tables.timers, bench.clock.now())


def fire(bench: CounterBench, envelopes: list[Envelope]) -> list[Any]:
    return bench.batch(*[decode(bench.service, envelope, timers.DueTimers()) for envelope in envelopes]).outgoing


def test_a_timer_that_two_saw_goes_off_once(bench: CounterBench) -> None:
    """Two replicas, or one whose first try was interrupted: whoever deletes the row has it."""
    remind(bench, a=0)
    seen = due(bench)
    assert len(fire(bench, seen)) == 1
    assert fire(bench, seen) == []


def test_a_timer_that_was_cancelled_or_moved_after_it_was_seen_does_not_go_off(bench: CounterBench) -> None:
    remind(bench, a=0, b=0)
    seen = due(bench)
    bench.tell(Forget(name="a"))
    bench.tell(Remind(name="b", days=1))
    assert fire(bench, seen) == []
    assert len(bench.rows(tables.timers)) == 1


def test_what_a_timer_says_belongs_to_the_flow_that_set_it(bench: CounterBench) -> None:
    bench.batch(bench.arrive(Remind(name="a", days=0), "1"))
    [seen] = due(bench)
    [said] = fire(bench, [seen])
    assert said.correlation_id == "a"
    assert said.causation_id == seen.id
    assert said.traceparent.split("-")[1] == seen.traceparent.split("-")[1]


async def test_a_host_fires_timers_when_the_clock_reaches_them(house: House) -> None:
    await house.open()
    for name, days in (("late", 20), ("early", 1)):
        await house.tell(Remind(name=name, days=days))
    await eventually(house.is_at_rest)
    assert house.heard() == {}
    house.clock.advance(DAY)
    await eventually(lambda: names(house) == ["early"])
    house.clock.advance(30 * DAY)
    await eventually(lambda: names(house) == ["early", "late"] and house.is_at_rest())


async def test_a_month_of_downtime_is_caught_up_with(house: House) -> None:
    """Each timer once, in due order, more than a batch of them."""
    process = await house.open()
    wanted = [f"{n:03}" for n in range(timers.BATCH + 20)]
    for name in wanted:
        await house.tell(Remind(name=name, days=1 + int(name) % 30))
    await eventually(lambda: len(house.rows(tables.timers)) == len(wanted) and house.is_at_rest())
    await house.end(process)
    house.clock.advance(31 * DAY)
    await house.open()
    await eventually(lambda: len(names(house)) == len(wanted) and house.is_at_rest())
    days = [int(name) % 30 for name in names(house)]
    assert days == sorted(days)


def names(house: House) -> list[str]:
    """Whom the service was reminded of, in the sequence in which it was said."""
    return [body["name"] for body in house.heard().values()]
