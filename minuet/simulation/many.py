"""Many seeds, on all cores."""

import multiprocessing
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

from minuet.simulation.running import Result, Schedule, run


def run_all(
    seeds: Sequence[int], orders: int, faults: Collection[str], processes: int | None = None
) -> Iterator[Result]:
    """Results as they come. The iterator may be left early."""
    work: Callable[[int], Result] = partial(run_one, orders=orders, faults=tuple(faults))
    count = min(len(seeds), processes or os.cpu_count() or 1)
    if count == 1:
        yield from map(work, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(count) as pool:
        yield from pool.imap_unordered(work, seeds)


def run_one(seed: int, orders: int, faults: Collection[str]) -> Result:
    return run(Schedule(seed, range(orders), faults))
