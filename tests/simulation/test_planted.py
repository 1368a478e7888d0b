"""The simulator catches what is planted, and shortens the way there."""

import re
from pathlib import Path

import pytest

from minuet.simulation.faults import KINDS
from minuet.simulation.planted.catalogue import CATALOGUE
from minuet.simulation.planted.elsewhere import LOCKS, Elsewhere
from minuet.simulation.planted.hunting import hunt
from minuet.simulation.running import Result, Schedule, run
from minuet.simulation.shrinking import Shrinking

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "planted-bugs.md"
ALWAYS = {  # caught within few seeds, each by another invariant
    "ack-before-commit": "Q3",
    "published-before-the-commit": "S5",
    "release-forgotten": "Q4",
    "deadline-not-cancelled": "S8",
    "refund-forgotten": "Q1",
}
SEEDS, ORDERS = 1000, 20


@pytest.mark.parametrize(("name", "invariant"), ALWAYS.items())
def test_a_planted_bug_is_caught(name: str, invariant: str) -> None:
    """By the invariant that it breaks."""
    violation = hunt(name, 30, 8).violation
    assert violation is not None
    assert violation.invariant == invariant


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(CATALOGUE.keys() - ALWAYS.keys()))
def test_so_is_every_other(name: str) -> None:
    """Within a thousand seeds."""
    assert hunt(name, SEEDS, ORDERS).violation is not None


def test_a_schedule_is_shortened() -> None:
    """What is left breaks the same invariant, with fewer orders and faults, and again when it is run again."""
    with CATALOGUE["refund-forgotten"].plant():
        found = next(result for result in map(first_orders, range(1, 30)) if result.violation is not None)
        shortest = Shrinking(found).shrink()
        again = run(shortest.schedule)
    assert len(shortest.schedule.orders) == 1
    assert len(shortest.struck) < len(found.struck)
    assert again.trace_hash == shortest.trace_hash
    assert again.violation is not None
    assert found.violation is not None
    assert again.violation.invariant == found.violation.invariant


def first_orders(seed: int) -> Result:
    return run(Schedule(seed, range(8), tuple(KINDS)))


def test_what_was_planted_is_gone_afterwards() -> None:
    """A run after all of them is the run before them."""
    before = first_orders(5)
    for bug in CATALOGUE.values():
        with bug.plant():
            pass
    assert first_orders(5).trace_hash == before.trace_hash


def test_the_document_lists_the_catalogue() -> None:
    """Every bug with what is wrong, in the catalogue's sequence, and which invariant noticed it."""
    assert len(CATALOGUE) >= 40
    text = DOCUMENT.read_text()
    assert [(name, what) for name, what, *_ in rows_of(text)] == [
        *((bug.name, bug.what) for bug in CATALOGUE.values()),
        *((lock.name, lock.what) for lock in LOCKS),
    ], "write it anew: .venv/bin/minuet simulate --planted --write docs/planted-bugs.md"
    hunted = rows_of(text)[: -len(LOCKS)]
    assert all(re.fullmatch(r"[SQL]\d", by) and 1 <= int(seeds) <= SEEDS for _, _, by, seeds in hunted)


def rows_of(document: str) -> list[list[str]]:
    lines = re.findall(r"^\| `(.*) \|$", document, flags=re.MULTILINE)
    return [line.replace("`", "").split(" | ") for line in lines]


@pytest.mark.parametrize("lock", LOCKS, ids=[lock.name for lock in LOCKS])
def test_what_one_thread_cannot_show_is_caught_by_two_connections(lock: Elsewhere) -> None:
    """The test that the document names is there."""
    file, _, test = lock.caught_by.partition("::")
    assert f"\ndef {test}(" in (ROOT / "tests" / "isolation" / file).read_text()
