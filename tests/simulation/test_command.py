"""`minuet simulate` on the command line."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from minuet.cli import app
from minuet.simulation.planted import command as planted
from minuet.simulation.planted.catalogue import CATALOGUE


def test_it_sums_up_and_succeeds() -> None:
    """Orders, faults by kind, years, speed and what was visited of the flow."""
    done = CliRunner().invoke(app, ["simulate", "--seeds", "1", "--orders", "3", "--faults", "duplicate,reorder"])
    assert done.exit_code == 0, done.output
    for words in ("1 runs, 3 orders", "virtual years", "transitions a second", "duplicate", "violations: 0"):
        assert words in done.output
    assert "  never [while start, when IssueInvoice]\n" in done.output


def test_some_seeds_are_run_on_all_cores() -> None:
    """From any first one on."""
    done = CliRunner().invoke(app, ["simulate", "--first-seed", "5", "--seeds", "3", "--orders", "1"])
    assert done.exit_code == 0, done.output
    assert "3 runs, 3 orders" in done.output


def test_planted_bugs_are_hunted_and_the_document_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What escapes makes it fail; what was found is on record all the same."""
    some = {name: CATALOGUE[name] for name in ("ack-before-commit", "letter-written-over")}
    monkeypatch.setattr(planted, "CATALOGUE", some)
    monkeypatch.setattr(planted, "GROUPS", [SimpleNamespace(__doc__="Some bugs.", BUGS=tuple(some.values()))])
    document = tmp_path / "planted-bugs.md"
    done = CliRunner().invoke(app, ["simulate", "--planted", "--seeds", "1", "--write", str(document)])
    assert done.exit_code == 1
    assert "letter-written-over escaped: 1 seeds of 20 orders" in done.output
    assert "| `ack-before-commit` | A message is acknowledged as soon as it arrives. | Q3 | 1 |" in document.read_text()


def test_one_seed_is_told_step_by_step() -> None:
    """Who heard and committed what, where flows went, and the trace's hash."""
    done = CliRunner().invoke(app, ["simulate", "--seed", "3", "--orders", "2", "--faults", "none"])
    assert done.exit_code == 0, done.output
    assert "hears order.place-order.v1" in done.output
    assert "start → awaiting_payment, because of PlaceOrder, sends OrderPlaced, RetrievePayment" in done.output
    assert "trace " in done.output


def test_a_violation_is_explained_and_fails() -> None:
    """Seed, invariant, rows at fault and the shortest schedule."""
    with CATALOGUE["refund-forgotten"].plant():
        done = CliRunner().invoke(app, ["simulate", "--seed", "1", "--orders", "12", "--faults", "none"])
    assert done.exit_code == 1
    for words in ("seed 1, commit ", "Q1 does not hold", "payment.ledger_entries: ", "The shortest schedule found"):
        assert words in done.output


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--planted", "--seed", "3"], "--planted goes through seeds from 1 on"),
        (["--planted", "--faults", "none"], "--planted goes through seeds from 1 on"),
        (["--write", "docs.md"], "--write is for --planted"),
        (["--seed", "3", "--seeds", "4"], "--seed is one run"),
    ],
)
def test_what_would_be_ignored_is_refused(options: list[str], says: str) -> None:
    """With what to do instead."""
    done = CliRunner().invoke(app, ["simulate", *options])
    assert done.exit_code == 1
    assert says in done.output


@pytest.mark.parametrize("name", ["nonsense", "delay,nonsense"])
def test_an_unknown_fault_is_refused(name: str) -> None:
    """With those that there are."""
    done = CliRunner().invoke(app, ["simulate", "--seeds", "1", "--faults", name])
    assert done.exit_code == 1
    assert "there is no fault nonsense; there are: all, none, crash-before-commit" in done.output
