"""The fast clock that stands still while anything is unprocessed, and at every timer until it has gone off."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bus.clock import AcceleratedClock
from bus.errors import Refused
from bus.standing_clock import StandingClock
from bus.unit import Context
from tests.bus.counter import Count, PassOn, Remind, Sound, Stumble, Take, nothing
from tests.bus.house import LISTENER, House, eventually

DAY = timedelta(days=1)
FACTOR = 86_400.0 * 100  # a hundred days a second


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock(AcceleratedClock(FACTOR, datetime.now(UTC)))


def runs(clock: StandingClock) -> bool:
    """It moves on, given some machine time."""
    return moves(clock.now, clock)


def moves(now: Callable[[], datetime], clock: StandingClock) -> bool:
    begun, until = now(), clock.machine() + 0.03
    while clock.machine() < until:
        if now() > begun:
            return True
    return False


def test_it_runs_while_nothing_is_under_way(clock: StandingClock) -> None:
    assert runs(clock)


def test_it_never_overtakes_the_formula() -> None:
    formula = AcceleratedClock(FACTOR, datetime.now(UTC))
    clock = StandingClock(formula)
    for _ in range(100):
        assert clock.now() <= formula.now()


def test_it_stands_while_something_is_under_way(clock: StandingClock) -> None:
    clock.begin(["a", "b"])
    assert not runs(clock)
    clock.end(["a"])
    assert not runs(clock)
    clock.end(["b"])
    assert runs(clock)


def test_to_begin_twice_is_to_begin_once(clock: StandingClock) -> None:
    clock.begin(["a"])
    clock.begin(["a"])
    clock.end(["a"])
    assert runs(clock)


def test_to_end_what_was_not_begun_is_nothing(clock: StandingClock) -> None:
    clock.end(["a"])
    clock.begin(["b"])
    assert not runs(clock)


def test_time_stood_still_is_not_made_up_for_in_one_leap(clock: StandingClock) -> None:
    """It goes on from where it stood, at its own pace, and does not jump to where the formula is meanwhile."""
    clock.begin(["a"])
    stood = clock.now()
    assert not runs(clock)  # 30 ms: three days of the formula
    clock.end(["a"])
    assert clock.now() - stood < DAY


def test_it_stops_at_the_earliest_timer_of_all_services(clock: StandingClock) -> None:
    begun = clock.now()
    clock.next_due("late", begun + 2 * DAY)
    clock.next_due("early", begun + DAY)
    assert settled(clock) == begun + DAY
    clock.next_due("early", None)
    assert settled(clock) == begun + 2 * DAY
    clock.next_due("late", begun + 3 * DAY)
    assert settled(clock) == begun + 3 * DAY
    clock.next_due("late", None)
    assert runs(clock)


def settled(clock: StandingClock) -> datetime:
    while runs(clock):
        pass
    return clock.now()


def test_a_timer_of_the_past_does_not_turn_it_back(clock: StandingClock) -> None:
    begun = clock.now()
    clock.next_due("a", begun - DAY)
    assert clock.now() >= begun
    assert not runs(clock)


def test_it_says_how_many_real_seconds_are_left(clock: StandingClock) -> None:
    clock.begin(["so that it stands"])
    assert clock.seconds_until(clock.now() + 100 * DAY) == pytest.approx(1.0)
    assert clock.seconds_until(clock.now() - DAY) == 0


class Watch(StandingClock):
    """Knows what is under way, for whoever asks why it stands."""

    @property
    def under_way(self) -> set[str]:
        return set(self._under_way)


@pytest.fixture
def watch() -> Watch:
    return Watch(AcceleratedClock(FACTOR, datetime.now(UTC)))


async def test_timers_see_no_time_later_than_their_own(house: House, watch: Watch) -> None:
    """At a hundred days a second, whatever else goes on: messages that fail, calls that are refused."""
    process = await house.open(clock=watch, activity=watch)

    def set_all(context: Context) -> datetime:
        for name, days in (("b", 40), ("a", 10), ("c", 90)):
            context.handle(Remind(name=name, days=days))
        return context.now

    def refuse(_: Context) -> None:
        raise Refused("no")

    set_at = await process.host.writer.call(set_all)
    said: list[tuple[str, datetime]] = []
    while len(said) < 3:
        await house.tell(Stumble(name="a"))
        with pytest.raises(Refused):
            await process.host.writer.call(refuse)
        for delivery in await process.bus.receive(LISTENER, 10):  # while the subscriber has not heard, time stands
            body = json.loads(delivery.body)
            said.append((body["name"], datetime.fromisoformat(body["at"])))
            await process.bus.ack([delivery])
    assert said == [("a", set_at + 10 * DAY), ("b", set_at + 40 * DAY), ("c", set_at + 90 * DAY)]


async def test_nothing_keeps_it_standing_once_all_is_done(house: House, watch: Watch) -> None:
    """Whatever became of the work: handled, repeated, failed, parked, carried out, fired, refused."""
    house.world.obstacle = nothing
    await house.obey(Take.wire_name)
    process = await house.open(clock=watch, activity=watch)
    for n in range(10):
        for message in (Count(name="a"), Stumble(name="a"), PassOn(name="a"), Sound(name=str(n))):
            await house.tell(message, f"{type(message).__name__} {n}")
            await house.tell(message, f"{type(message).__name__} {n}")
    call = asyncio.create_task(process.host.writer.call(lambda context: context.handle(Count(name="b"))))
    await asyncio.sleep(0)
    call.cancel()
    await eventually(house.is_at_rest)
    await eventually(lambda: {key.split()[1] for key in watch.under_way} == {LISTENER, "elsewhere"})  # not ours
