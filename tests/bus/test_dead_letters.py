"""What could not be handled: retried with growing pauses, parked, or closed because it was handled after all."""

from datetime import timedelta
from functools import partial

import pytest

from bus import timers
from bus.dead_letters import ATTEMPTS, keep
from bus.incoming import Incoming, decode
from bus.unit import Context
from tests.bus.bench import CounterBench
from tests.bus.counter import Count, Double, Forget, Remind, Reset, Stumble, nothing, raising, tables

FIRST_PAUSE = timedelta(seconds=1)
LONG = timedelta(hours=1)


def test_a_bug_is_retried_with_the_cause(bench: CounterBench) -> None:
    bench.batch(bench.arrive(Stumble(name="a"), "1"))
    assert bench.letters() == {"1": ("retrying", 1, "RuntimeError: there is a bug")}


def test_pauses_double_and_then_a_person_is_asked(bench: CounterBench) -> None:
    bench.batch(bench.arrive(Stumble(name="a"), "1"))
    for attempt in range(1, ATTEMPTS):
        pause = FIRST_PAUSE * 2 ** (attempt - 1)
        bench.retry(pause - timedelta(seconds=0.5))
        assert bench.letters()["1"][:2] == ("retrying", attempt), "not before its pause is over"
        bench.retry(timedelta(seconds=0.6))
        assert bench.letters()["1"][1] == attempt + 1
    assert bench.letters()["1"][:2] == ("parked", ATTEMPTS)
    bench.world.obstacle = nothing
    bench.retry(LONG)
    assert bench.totals() == {}


def test_once_the_bug_is_fixed_the_retry_handles_it_once(bench: CounterBench) -> None:
    bench.batch(bench.arrive(Stumble(name="a"), "1"))
    bench.world.obstacle = nothing
    assert [said.type for said in bench.retry(FIRST_PAUSE)] == ["counter.counted.v1"]
    assert bench.letters()["1"][0] == "redriven"
    assert bench.retry(LONG) == []
    assert bench.totals() == {"a": 1}


def test_what_was_handled_meanwhile_just_closes_its_row(bench: CounterBench) -> None:
    """A repeat of the message came over the wire before the retry."""
    bench.batch(bench.arrive(Stumble(name="a"), "1"))
    bench.world.obstacle = nothing
    bench.batch(bench.arrive(Stumble(name="a"), "1"))
    assert bench.retry(FIRST_PAUSE) == []
    assert bench.letters()["1"][0] == "redriven"
    assert bench.totals() == {"a": 1}


def test_a_repeat_after_the_retry_is_dropped(bench: CounterBench) -> None:
    bench.batch(bench.arrive(Stumble(name="a"), "1"))
    bench.world.obstacle = nothing
    bench.retry(FIRST_PAUSE)
    bench.batch(bench.arrive(Stumble(name="a"), "1"))
    assert bench.totals() == {"a": 1}


def test_a_refused_message_is_parked_with_the_sentence_a_caller_would_get(bench: CounterBench) -> None:
    bench.batch(bench.arrive(Reset(name="b"), "1"))
    assert bench.letters() == {"1": ("parked", 1, "there is no counter b")}
    bench.batch(bench.arrive(Count(name="b"), "2"))
    bench.retry(LONG)
    assert bench.letters()["1"][0] == "parked"


def test_a_message_that_came_too_early_waits_for_what_it_needs(bench: CounterBench) -> None:
    bench.batch(bench.arrive(Double(name="a"), "early"))
    assert bench.letters() == {"early": ("retrying", 1, "a has counted nothing yet")}
    bench.retry(FIRST_PAUSE)
    bench.batch(bench.arrive(Count(name="a", by=3), "1"))
    bench.retry(LONG)
    assert bench.totals() == {"a": 6}
    assert bench.letters()["early"][0] == "redriven"


def test_the_last_cause_is_the_one_that_is_shown(bench: CounterBench) -> None:
    bench.batch(bench.arrive(Stumble(name="a"), "1"))
    bench.world.obstacle = raising(KeyError("another"))
    bench.retry(FIRST_PAUSE)
    assert bench.letters()["1"][2] == "KeyError: 'another'"


def test_a_letter_keeps_the_message_as_it_came(bench: CounterBench, other: CounterBench) -> None:
    """Its retry causes what its first attempt would have caused: the same ids, the same flow."""
    [said] = bench.batch(bench.arrive(Count(name="a"), "1")).outgoing
    other.batch(other.arrive(Stumble(name="a"), "1"))
    other.world.obstacle = nothing
    [retried] = other.retry(FIRST_PAUSE)
    assert (retried.id, retried.correlation_id, retried.traceparent) == (
        said.id,
        said.correlation_id,
        said.traceparent,
    )


@pytest.mark.parametrize("error", [RuntimeError("no"), ValueError("no"), RecursionError("deep"), KeyError("x")])
def test_whatever_a_handler_raises_is_no_more_than_its_own_failure(bench: CounterBench, error: Exception) -> None:
    bench.world.obstacle = raising(error)
    bench.batch(bench.arrive(Stumble(name="a"), "1"), bench.arrive(Count(name="b"), "2"))
    assert bench.totals() == {"b": 1}
    assert type(error).__name__ in bench.letters()["1"][2]


def kept(work: Incoming, context: Context) -> None:
    keep(context.unit, work, RuntimeError("forgot"))


def test_a_timer_that_was_moved_or_fired_by_another_meanwhile_is_no_letter(bench: CounterBench) -> None:
    """It would go off early, or twice."""
    bench.batch(bench.arrive(Remind(name="a", days=0), "1"), bench.arrive(Remind(name="b", days=0), "2"))
    with bench.database.snapshot() as connection:
        seen = timers.due(connection, tables.timers, bench.clock.now())
    bench.tell(Forget(name="a"))
    bench.tell(Remind(name="b", days=1))
    for envelope in seen:
        failed = decode(bench.service, envelope, timers.DueTimers())
        bench.call(partial(kept, failed))
    assert len(seen) == 2
    assert bench.letters() == {}
    assert len(bench.rows(tables.timers)) == 1


def test_a_timer_that_fails_becomes_a_letter_and_not_a_loop(bench: CounterBench) -> None:
    bench.batch(bench.arrive(Remind(name="a", days=0), "1"))
    bench.world.reminding = raising(RuntimeError("forgot"))
    bench.fire_timers()
    assert bench.fire_timers() == []
    [(status, attempts, cause)] = bench.letters().values()
    assert (status, attempts, cause) == ("retrying", 1, "RuntimeError: forgot")
    bench.world.reminding = nothing
    assert [said.type for said in bench.retry(FIRST_PAUSE)] == ["counter.reminded.v1"]
