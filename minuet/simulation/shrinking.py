"""From a schedule that breaks an invariant to a shorter one that breaks it too."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from minuet.simulation.running import Result, Schedule, run

T = TypeVar("T")

ATTEMPTS = 150


class Shrinking:
    """Leaves out orders and strikes of faults, by halves and then one by one, while the same invariant breaks."""

    def __init__(self, found: Result, tried: Callable[[int, Result], None] = lambda _attempts, _best: None) -> None:
        assert found.violation is not None
        self.best = replace_strikes(found)
        self._broken = what(found)
        self._tried = tried
        self._attempts = 0

    def shrink(self) -> Result:
        while self._attempts < ATTEMPTS:
            before = size(self.best)
            self._fewer(self.best.schedule.orders, lambda orders: replace(self.best.schedule, orders=orders))
            self._fewer(
                sorted(self.best.schedule.strikes or ()),
                lambda strikes: replace(self.best.schedule, strikes=frozenset(strikes)),
            )
            if size(self.best) == before:
                break
        return self.best

    def _fewer(self, items: Sequence[T], schedule: Callable[[Sequence[T]], Schedule]) -> None:
        """Delta debugging (Zeller, 1999), on complements alone."""
        parts = 2
        while items and self._attempts < ATTEMPTS:
            length = max(1, len(items) // parts)
            for start in range(0, len(items), length):
                rest = [*items[:start], *items[start + length :]]
                if self._still(schedule(rest)):
                    items, parts = rest, max(2, parts - 1)
                    break
            else:
                if length == 1:
                    return
                parts = min(len(items), parts * 2)

    def _still(self, schedule: Schedule) -> bool:
        self._attempts += 1
        result = run(schedule)
        same = what(result) == self._broken
        if same:
            self.best = replace_strikes(result)
        self._tried(self._attempts, self.best)
        return same


def what(result: Result) -> tuple[str, str] | None:
    """An invariant says several things; and one of them is broken."""
    return None if result.violation is None else (result.violation.invariant, result.violation.meaning)


def replace_strikes(result: Result) -> Result:
    """The schedule that names the faults that did strike: those that it allowed for nothing are left out."""
    return replace(result, schedule=replace(result.schedule, strikes=frozenset(result.struck)))


def size(result: Result) -> tuple[int, int]:
    return len(result.schedule.orders), len(result.struck)
