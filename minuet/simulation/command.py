"""`minuet simulate`: what is shown of it."""

import subprocess
from collections.abc import Collection
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from minuet.simulation.faults import KINDS
from minuet.simulation.many import run_all
from minuet.simulation.running import Result, Schedule, run
from minuet.simulation.shrinking import Shrinking
from minuet.simulation.summary import Summary


def simulate_many(console: Console, first: int, count: int, orders: int, faults: Collection[str]) -> bool:
    """Whether every invariant held. Stops at the first violation, and shrinks it."""
    summary = Summary()
    with bar(console) as progress:
        task = progress.add_task("seeds", total=count)
        for result in run_all(range(first, first + count), orders, faults):
            summary.add(result)
            progress.advance(task)
            if result.violation is not None:
                break
    console.print(summary.fault_table())
    for line in summary.lines():
        console.print(line, markup=False, highlight=False)
    for result in summary.violations:
        explain(console, result, orders, faults)
    return not summary.violations


def simulate_one(console: Console, seed: int, orders: int, faults: Collection[str]) -> bool:
    """One seed, told as it happens."""
    result = run(Schedule(seed, range(orders), faults), partial(tell, console))
    console.print(f"trace {result.trace_hash}", highlight=False)
    if result.violation is not None:
        explain(console, result, orders, faults)
    return result.violation is None


def explain(console: Console, found: Result, orders: int, faults: Collection[str]) -> None:
    """The seed, the code, what broke, and the shortest way there that we find."""
    seed = found.schedule.seed
    console.print(f"\n[bold red]seed {seed}, commit {commit()}[/]", highlight=False)
    tell(console, str(found.violation))
    with bar(console) as progress:
        task = progress.add_task("shrinking", total=None)

        def tried(_attempts: int, best: Result) -> None:
            text = f"shrinking: {len(best.schedule.orders)} orders, {len(best.struck)} faults"
            progress.update(task, description=text, advance=1)

        best = Shrinking(found, tried).shrink()
    console.print("\nThe shortest schedule found:", highlight=False)
    console.print(f"  orders {', '.join(map(str, best.schedule.orders))}", highlight=False)
    lines: list[str] = []
    run(best.schedule, lines.append)
    for line in lines:
        tell(console, f"  {line}")
    tell(console, str(best.violation))
    names = "all" if set(faults) == set(KINDS) else ",".join(faults) or "none"
    tell(console, f"again, in full: minuet simulate --seed {seed} --orders {orders} --faults {names}")


def tell(console: Console, line: str) -> None:
    """In one line, however long it is, so that it can be copied."""
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def commit() -> str:
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=Path(__file__).parent, capture_output=True, text=True
        )
    except OSError:
        return "unknown"
    return found.stdout.strip() or "unknown"


def bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
