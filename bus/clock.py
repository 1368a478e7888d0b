"""Time is an argument. Business time may run fast or by hand; machine time is real wherever machines wait."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Business time, UTC: prices, deadlines, due dates."""

    def machine(self) -> float:
        """Machine time, seconds since the epoch: leases, sweeps, backoff."""

    def seconds_until(self, due: datetime) -> float:
        """How long, in real seconds, until business time reaches `due`; 0 if it has."""


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def machine(self) -> float:
        return time.time()

    def seconds_until(self, due: datetime) -> float:
        return max(0.0, (due - self.now()).total_seconds())


class AcceleratedClock:
    """virtual = start + (real − start) × factor, the same in every process that is told the same."""

    def __init__(self, factor: float, start: datetime) -> None:
        self.factor = factor
        self.start = start

    def now(self) -> datetime:
        return self.start + (datetime.now(UTC) - self.start) * self.factor

    def machine(self) -> float:
        return time.time()

    def seconds_until(self, due: datetime) -> float:
        return max(0.0, (due - self.now()).total_seconds() / self.factor)


class ManualClock:
    """Stands still until told to move. For tests and simulation."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start
        self._machine = start.timestamp()

    def now(self) -> datetime:
        return self._now

    def machine(self) -> float:
        return self._machine

    def seconds_until(self, due: datetime) -> float:
        return max(0.0, (due - self._now).total_seconds())

    def advance(self, by: timedelta) -> None:
        self._now += by
        self._machine += by.total_seconds()
