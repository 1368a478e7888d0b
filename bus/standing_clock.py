"""A clock that runs fast, and stands still while anything is unprocessed."""

import threading
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar

from bus.activity import Activity
from bus.clock import AcceleratedClock


class StandingClock(Activity):
    """The accelerated formula is the fastest it goes. A slow machine is slower, never different.

    It also stops at the earliest timer until that timer has gone off, so timers of all services go off in due order
    and none sees a time later than its own.
    """

    listens: ClassVar[bool] = True

    def __init__(self, formula: AcceleratedClock) -> None:
        self._formula = formula
        self._lock = threading.Lock()
        self._under_way: set[str] = set()
        self._stops: dict[str, datetime] = {}
        self._at = formula.now()
        self._seen = time.monotonic()

    def now(self) -> datetime:
        with self._lock:
            return self._move()

    def machine(self) -> float:
        return self._formula.machine()

    def seconds_until(self, due: datetime) -> float:
        return max(0.0, (due - self.now()).total_seconds() / self._formula.factor)

    def begin(self, keys: Iterable[str]) -> None:
        with self._lock:
            self._move()
            self._under_way.update(keys)

    def end(self, keys: Iterable[str]) -> None:
        with self._lock:
            self._move()
            self._under_way.difference_update(keys)

    def next_due(self, service: str, due: datetime | None) -> None:
        with self._lock:
            self._move()
            self._stops.pop(service, None)
            if due is not None:
                self._stops[service] = due

    def _move(self) -> datetime:
        moment = time.monotonic()
        if not self._under_way:
            limits = [self._formula.now(), *self._stops.values()]
            target = self._at + timedelta(seconds=(moment - self._seen) * self._formula.factor)
            self._at = max(self._at, min(target, *limits))
        self._seen = moment
        return self._at
