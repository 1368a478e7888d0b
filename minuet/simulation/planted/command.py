"""`minuet simulate --planted`: the whole catalogue, and the document that shows what caught what."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from minuet.simulation.command import bar
from minuet.simulation.planted.catalogue import CATALOGUE, GROUPS
from minuet.simulation.planted.elsewhere import LOCKS
from minuet.simulation.planted.hunting import Hunt, hunt_all

HEAD = """\
# Planted bugs

A checker that has never caught anything proves nothing. Each of these bugs is a small change to production code, made
while it runs. `minuet simulate --planted` plants one after the other, runs seeds with all kinds of faults, from the
first until an invariant breaks that holds in that seed without the bug, and fails if a bug escapes. This page is what
such a run wrote, with `--write docs/planted-bugs.md`: which invariant noticed first, in the seed of which number.
"""
COLUMNS = "| bug | what is wrong | caught by | after seeds |\n|---|---|---|---|\n"
LOCKED = """
## Caught by the two-connection suite

Two replicas interleave in the simulator between units of work, not within them. What locks and isolation are for is
shown by `tests/isolation`, in which two connections to PostgreSQL meet at the worst moment; it plants these itself.

| bug | what is wrong | caught by |
|---|---|---|
"""


def hunt_planted(console: Console, seeds: int, orders: int, document: Path | None) -> bool:
    """Whether every bug was caught."""
    found: dict[str, Hunt] = {}
    with bar(console) as progress:
        task = progress.add_task("bugs", total=len(CATALOGUE))
        for hunt in hunt_all(tuple(CATALOGUE), seeds, orders):
            found[hunt.name] = hunt
            progress.update(task, advance=1, description=f"last caught: {hunt.name}" if hunt.violation else hunt.name)
    hunts = [found[name] for name in CATALOGUE]
    console.print(table(hunts))
    escaped = [hunt.name for hunt in hunts if hunt.violation is None]
    for name in escaped:
        console.print(f"[bold red]{name} escaped[/]: {seeds} seeds of {orders} orders", highlight=False)
    if document is not None:
        document.write_text(written(hunts))
    return not escaped


def table(hunts: Iterable[Hunt]) -> Table:
    shown = Table("bug", "what is wrong", "caught by", "after seeds")
    for hunt in hunts:
        shown.add_row(hunt.name, CATALOGUE[hunt.name].what, invariant(hunt), str(hunt.seeds))
    return shown


def written(hunts: Sequence[Hunt]) -> str:
    """The document."""
    by_name = {hunt.name: hunt for hunt in hunts}
    chapters = [
        f"\n## {group.__doc__}\n\n{COLUMNS}"
        + "".join(
            f"| `{bug.name}` | {bug.what} | {invariant(by_name[bug.name])} | {by_name[bug.name].seeds} |\n"
            for bug in group.BUGS
        )
        for group in GROUPS
    ]
    locks = "".join(f"| `{lock.name}` | {lock.what} | `{lock.caught_by}` |\n" for lock in LOCKS)
    return HEAD + "".join(chapters) + LOCKED + locks


def invariant(hunt: Hunt) -> str:
    return "escaped" if hunt.violation is None else hunt.violation.invariant
