"""Business time stands while anything is under way, and leaps to what comes next. Machine time is the loop's."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from minuet.simulation.loop import VirtualLoop

START = datetime(2026, 1, 1, tzinfo=UTC)
NOT_SOON = 3600.0  # seconds; business time leaps, so nobody can say when it will reach a time


@dataclass
class Calendar:
    """The business time of the whole world."""

    now: datetime = START

    def leap(self, to: datetime) -> None:
        self.now = max(self.now, to)


@dataclass(frozen=True)
class NodeClock:
    """The clocks of one machine. They may be wrong."""

    calendar: Calendar
    loop: VirtualLoop
    skew: timedelta  # of business time
    drift: float  # of machine time, seconds

    def now(self) -> datetime:
        return self.calendar.now + self.skew

    def machine(self) -> float:
        return START.timestamp() + self.loop.time() + self.drift

    def seconds_until(self, due: datetime) -> float:
        return 0.0 if due <= self.now() else NOT_SOON
