"""Whole shops on a virtual clock: no invariant breaks, and a seed is a run."""

import os
import subprocess
import sys
from collections import Counter

import pytest

from minuet.simulation.faults import KINDS
from minuet.simulation.many import run_all
from minuet.simulation.running import Schedule, run
from minuet.simulation.summary import Summary
from minuet.simulation.visits import TABLES
from saga.row import Decision, Refused

HASH = """
from minuet.simulation.running import Schedule, run
from minuet.simulation.faults import KINDS
print(run(Schedule({seed}, range(6), tuple(KINDS))).trace_hash)
"""


def summed_up(seeds: int, orders: int) -> Summary:
    """What the first seeds amount to, on all cores. A seed that breaks an invariant fails, with what broke."""
    summary = Summary()
    for result in run_all(range(1, seeds + 1), orders, tuple(KINDS)):
        summary.add(result)
    broken = sorted((result.schedule.seed, str(result.violation)) for result in summary.violations)
    assert not broken, "\n".join(f"seed {seed} of {orders} orders: {violation}" for seed, violation in broken)
    return summary


def test_with_all_faults_every_invariant_holds() -> None:
    """Two hundred seeds of two orders; every kind of fault strikes."""
    summary = summed_up(200, 2)
    assert summary.runs == 200
    assert [kind for kind in KINDS if not summary.faults[kind]] == []


@pytest.mark.long
def test_two_thousand_seeds_leave_nothing_out() -> None:
    """Of ten orders: every kind of fault strikes, every state and every row of every flow is visited."""
    assert summed_up(2000, 10).unseen() == []


def test_without_faults_every_order_ends() -> None:
    """In a world in which nothing goes wrong everybody gets goods or money, or has a person to ask."""
    result = run(Schedule(4, range(30), ()))
    assert result.violation is None
    assert not result.struck
    assert set(result.states) <= {"completed", "cancelled", "closed", "needs_attention"}
    assert result.states.total() == 30


def test_rows_that_come_to_nothing_are_visited_too() -> None:
    """Though nothing of it is ever committed: what is refused, and what came too early."""
    visits = sum((run(Schedule(seed, range(8), tuple(KINDS))).visits for seed in (1, 2, 3)), Counter[tuple[str, int]]())
    becomes = [TABLES[flow].rows[number].becomes for flow, number in visits]
    assert Decision.DEFERRED in becomes
    assert any(isinstance(each, Refused) for each in becomes)


def test_a_seed_is_a_run() -> None:
    """The same seed twice in this process and once in another, whose strings hash otherwise: one trace."""
    schedule = Schedule(11, range(6), tuple(KINDS))
    first, second = run(schedule), run(schedule)
    command = [sys.executable, "-c", HASH.format(seed=11)]
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    elsewhere = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, timeout=120)
    assert first.trace_hash == second.trace_hash == elsewhere.stdout.strip()
    assert first.trace_hash != run(Schedule(12, range(6), tuple(KINDS))).trace_hash


@pytest.mark.long
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"service-down"}))
def test_every_fault_can_be_had_alone(kind: str) -> None:
    """A fault strikes by its name, and no other does."""
    struck: Counter[str] = Counter()
    for seed in range(1, 20):
        result = run(Schedule(seed, range(6), (kind,)))
        assert result.violation is None
        struck.update(name for name, _, _ in result.struck)
        if struck:
            break
    assert set(struck) == {kind}


def test_a_service_is_down_for_days_once_it_has_crashed() -> None:
    """That fault needs another one to strike first."""
    for seed in range(1, 20):
        result = run(Schedule(seed, range(6), ("service-down", "crash-after-commit")))
        assert result.violation is None
        if "service-down" in {kind for kind, _, _ in result.struck}:
            return
    pytest.fail("no service was ever down")
