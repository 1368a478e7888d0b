"""Whatever lies in a table for any replica to take is taken by one."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bus import dead_letters, effects, outbox, timers
from bus.dead_letters import DeadLetters
from bus.envelope import Envelope
from bus.inbox import Inbox
from bus.timers import DueTimers
from bus.unit import Context
from tests.isolation import planted
from tests.isolation.replicas import Meeting, Replicas, again, calling
from tests.isolation.tally import Count, CountAbroad, CountLater, service, tallies

COUNTED = "tally.counted.v1"
Sweep = Callable[[Context], list[Envelope]]


def number(counting: Replicas) -> int:
    (tally,) = counting.rows(tallies)
    return int(tally.number)


def deliver_twice(counting: Replicas) -> Meeting[list[str]]:
    """A broker that lost the connection gives one message to both."""
    message = [counting.envelope(Count(name="a"), "the same")]
    counting.tell(Count(name="a"), prefix="before")
    return counting.meet(again(message, Inbox(), service), again(message, Inbox(), service))


def fire_twice(counting: Replicas) -> Meeting[list[str]]:
    """Both have read that the timer is due."""
    due_at = counting.clock.now() + timedelta(days=7)
    counting.tell(CountLater(name="a", due_at=due_at), prefix="later")
    counting.clock.advance(timedelta(days=7))
    with counting.database.snapshot() as connection:
        due = timers.due(connection, service.tables.timers, counting.clock.now())
    return counting.meet(again(due, DueTimers(), service), again(due, DueTimers(), service))


def retry_twice(counting: Replicas) -> Meeting[list[str]]:
    """Both have read that the dead letter is due."""
    work = counting.incoming(Count(name="a"), prefix="dead")[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.isolation.tally.Tally.__init__", broken)
        counting.journey.process([work])
    counting.clock.advance(timedelta(seconds=1))
    letters = calling(dead_letters.due)(counting.journey)
    assert len(letters) == 1
    return counting.meet(again(letters, DeadLetters(), service), again(letters, DeadLetters(), service))


def broken(*_: object) -> None:
    raise RuntimeError("a bug")


def swept_effects(context: Context) -> list[Envelope]:
    return [lease.effect for lease in effects.sweep(context)]


def sweep_twice(counting: Replicas, sweep: Sweep) -> Meeting[list[str]]:
    """Left behind by a crash."""
    counting.tell(Count(name="a"), CountAbroad(name="b"), prefix="crash")
    counting.clock.advance(timedelta(minutes=1))

    def ids(context: Context) -> list[str]:
        return [envelope.id for envelope in sweep(context)]

    return counting.meet(calling(ids), calling(ids))


@pytest.mark.parametrize("twice", [deliver_twice, fire_twice, retry_twice])
def test_a_message_that_both_have_is_handled_by_one(
    counting: Replicas, twice: Callable[[Replicas], Meeting[list[str]]]
) -> None:
    """The second waits until it is known whether the first succeeded."""
    met = twice(counting)
    assert met.waited
    assert met.both == ([COUNTED], [])
    assert number(counting) == (2 if twice is deliver_twice else 1)
    assert [letter for letter in counting.rows(service.tables.dead_letters) if letter.status != "redriven"] == []


@pytest.mark.parametrize(
    ("twice", "source"), [(deliver_twice, Inbox), (fire_twice, DueTimers), (retry_twice, DeadLetters)]
)
def test_without_the_claim_both_would_handle_it_and_this_suite_notices(
    counting: Replicas,
    monkeypatch: pytest.MonkeyPatch,
    twice: Callable[[Replicas], Meeting[list[str]]],
    source: type[Inbox | DueTimers | DeadLetters],
) -> None:
    """Planted. What both say has one id, so the second is set aside in the end."""
    planted.claims_everything(monkeypatch, source)
    with pytest.raises(AssertionError):
        test_a_message_that_both_have_is_handled_by_one(counting, twice)


@pytest.mark.parametrize("sweep", [outbox.sweep, swept_effects])
def test_what_a_crash_left_behind_is_swept_up_by_one(counting: Replicas, sweep: Sweep) -> None:
    """The second does not wait, and goes away with nothing."""
    met = sweep_twice(counting, sweep)
    assert not met.waited
    assert (len(met.first), met.second) == (1, [])


@pytest.mark.parametrize("sweep", [outbox.sweep, swept_effects])
def test_what_one_sweeper_did_not_take_is_the_others(
    counting: Replicas, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many at a time, never one twice."""
    monkeypatch.setattr(outbox, "SWEEP_LIMIT", 2)
    monkeypatch.setattr(effects, "SWEEP_LIMIT", 2)
    counting.tell(Count(name="c"), Count(name="d"), CountAbroad(name="e"), CountAbroad(name="f"), prefix="more")
    met = sweep_twice(counting, sweep)
    assert (len(met.first), len(met.second)) == (2, 1)
    assert not set(met.first) & set(met.second)


@pytest.mark.parametrize("sweep", [outbox.sweep, swept_effects])
def test_without_the_row_lock_both_would_sweep_it_up_and_this_suite_notices(
    counting: Replicas, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted."""
    planted.no_row_locks(monkeypatch)
    met = sweep_twice(counting, sweep)
    assert len(met.first) == len(met.second) == 1


def test_without_skip_locked_one_sweeper_would_wait_for_the_other_and_this_suite_notices(
    counting: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted."""
    planted.nothing_skipped(monkeypatch)
    assert sweep_twice(counting, outbox.sweep).waited
