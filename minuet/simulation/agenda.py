"""What is going to happen at a business time, and was not brought about by a service."""

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

from minuet.simulation.clock import Calendar


class Agenda:
    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._entries: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = count()

    def plan(self, after: timedelta, run: Callable[[], None]) -> datetime:
        """Run this so much later. Returns when."""
        at = self._calendar.now + after
        heapq.heappush(self._entries, (at, next(self._numbers), run))
        return at

    @property
    def next_at(self) -> datetime | None:
        return self._entries[0][0] if self._entries else None

    def run_due(self) -> bool:
        """Whether there was any."""
        ran = False
        while self._entries and self._entries[0][0] <= self._calendar.now:
            heapq.heappop(self._entries)[2]()
            ran = True
        return ran
