"""Business time may run fast or by hand; machine time is real wherever machines wait."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from bus.clock import AcceleratedClock, ManualClock, RealClock

DAY = timedelta(days=1)
DAY_A_SECOND = 86_400.0


def test_real_time_is_real() -> None:
    clock = RealClock()
    assert datetime.now(UTC) <= clock.now() <= datetime.now(UTC)
    assert clock.now().tzinfo is UTC
    assert clock.machine() == pytest.approx(time.time(), abs=5)
    assert 3590 < clock.seconds_until(clock.now() + timedelta(hours=1)) <= 3600
    assert clock.seconds_until(clock.now() - DAY) == 0


def test_accelerated_time_follows_the_formula() -> None:
    """virtual = start + (real − start) × factor."""
    start = datetime.now(UTC) - timedelta(seconds=100)
    before = datetime.now(UTC)
    virtual = AcceleratedClock(DAY_A_SECOND, start).now()
    after = datetime.now(UTC)
    assert start + (before - start) * DAY_A_SECOND <= virtual <= start + (after - start) * DAY_A_SECOND


def test_all_who_are_told_the_same_have_the_same_time() -> None:
    start = datetime.now(UTC) - timedelta(hours=1)
    one, other = AcceleratedClock(60, start), AcceleratedClock(60, start)
    assert one.now() <= other.now() <= one.now()


def test_machines_wait_in_real_seconds() -> None:
    clock = AcceleratedClock(DAY_A_SECOND, datetime.now(UTC))
    assert clock.machine() == pytest.approx(time.time(), abs=5)
    assert 9 < clock.seconds_until(clock.now() + 10 * DAY) <= 10
    assert clock.seconds_until(clock.now() - DAY) == 0


def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    clock = ManualClock()
    now, machine = clock.now(), clock.machine()
    assert (clock.now(), clock.machine()) == (now, machine)
    clock.advance(DAY)
    assert (clock.now() - now, clock.machine() - machine) == (DAY, DAY.total_seconds())
    assert clock.seconds_until(clock.now() + DAY) == DAY.total_seconds()
