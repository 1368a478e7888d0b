"""The simulator catches what is planted, and shortens the way there."""

import pytest

from minuet.simulation.faults import KINDS
from minuet.simulation.planted.catalogue import CATALOGUE
from minuet.simulation.running import Result, Schedule, run
from minuet.simulation.shrinking import Shrinking

SEEDS = 30


def caught(name: str) -> Result:
    """The first run in which the bug shows."""
    for seed in range(1, SEEDS):
        result = run(Schedule(seed, range(8), tuple(KINDS)))
        if result.violation is not None:
            return result
    pytest.fail(f"{name} was not caught within {SEEDS} seeds")


@pytest.mark.parametrize(
    ("name", "invariant"),
    [("no-inbox", "Q3"), ("deadline-not-cancelled", "S8"), ("refund-forgotten", "Q1")],
)
def test_a_planted_bug_is_caught(name: str, invariant: str) -> None:
    """By the invariant that it breaks."""
    with CATALOGUE[name].plant():
        found = caught(name).violation
    assert found is not None
    assert found.invariant == invariant


def test_a_schedule_is_shortened() -> None:
    """What is left breaks the same invariant, with fewer orders and faults, and again when it is run again."""
    with CATALOGUE["refund-forgotten"].plant():
        found = caught("refund-forgotten")
        shortest = Shrinking(found).shrink()
        again = run(shortest.schedule)
    assert len(shortest.schedule.orders) == 1
    assert len(shortest.struck) < len(found.struck)
    assert again.trace_hash == shortest.trace_hash
    assert again.violation is not None
    assert found.violation is not None
    assert again.violation.invariant == found.violation.invariant
