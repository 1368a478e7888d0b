"""Plants bugs one after the other, and runs seeds until each is caught."""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from minuet.simulation.faults import KINDS
from minuet.simulation.oracle.violation import Violation
from minuet.simulation.planted.catalogue import CATALOGUE
from minuet.simulation.running import Schedule, run


@dataclass(frozen=True)
class Hunt:
    """How long it took. No violation: it escaped."""

    name: str
    seeds: int
    violation: Violation | None


def hunt(name: str, seeds: int, orders: int) -> Hunt:
    """With this bug, every seed from the first until an invariant breaks that holds without it."""
    for seed in range(1, seeds + 1):
        schedule = Schedule(seed, range(orders), tuple(KINDS))
        violation = planted(name, schedule)
        if violation is not None and run(schedule).violation is None:
            return Hunt(name, seed, violation)
    return Hunt(name, seeds, None)


def planted(name: str, schedule: Schedule) -> Violation | None:
    try:
        with CATALOGUE[name].plant():
            return run(schedule).violation
    except Exception as error:
        raise RuntimeError(f"{name} breaks the simulation itself, with seed {schedule.seed}: {error!r}") from error


def hunt_all(names: Sequence[str], seeds: int, orders: int, processes: int | None = None) -> Iterator[Hunt]:
    """On all cores, as they come."""
    count = min(len(names), processes or os.cpu_count() or 1)
    work = partial(hunt, seeds=seeds, orders=orders)
    with multiprocessing.get_context("spawn").Pool(count) as pool:
        yield from pool.imap_unordered(work, names)
