"""Every crash point of every scenario of the demo: whatever dies there, it ends as if nothing had."""

from multiprocessing.pool import Pool

import pytest

from minuet.demo.scenarios import SCENARIOS, Scenario
from tests.exhaustive.once import CRASHES
from tests.exhaustive.playing import difference, play

EVERY = 3  # how manieth point is enough for every day


def named(scenario: Scenario) -> str:
    return scenario.key


@pytest.mark.parametrize("scenario", SCENARIOS, ids=named)
def test_without_a_crash_a_scenario_goes_as_it_is_told(scenario: Scenario) -> None:
    """The way, and opportunities for every kind of crash on it."""
    came = play(scenario.key)
    assert came.violation is None
    assert came.path == scenario.path
    assert {kind for kind, _, _ in came.points} == set(CRASHES)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=named)
def test_whatever_crashes_a_scenario_ends_as_without(cores: Pool, scenario: Scenario) -> None:
    """States, both ledgers, credit, stock and parcels are the same, and no invariant breaks. Every third point."""
    check(cores, scenario, EVERY)


@pytest.mark.long
@pytest.mark.parametrize("scenario", SCENARIOS, ids=named)
def test_wherever_it_crashes_a_scenario_ends_as_without(cores: Pool, scenario: Scenario) -> None:
    """The same at every point there is: 606 in all when this was written."""
    check(cores, scenario, 1)


def check(cores: Pool, scenario: Scenario, every: int) -> None:
    without = play(scenario.key)
    crashes = [(scenario.key, strike, without) for strike in without.points[::every]]
    assert [wrong for wrong in cores.imap_unordered(difference, crashes, 4) if wrong] == []
