"""Many seeds, on all cores."""

import gc
import multiprocessing
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

from minuet.simulation.running import Result, Schedule, run
from minuet.simulation.stage import stage


def run_all(
    seeds: Sequence[int], orders: int, faults: Collection[str], processes: int | None = None
) -> Iterator[Result]:
    """Results as they come. The iterator may be left early."""
    work: Callable[[int], Result] = partial(run_one, orders=orders, faults=tuple(faults))
    count = min(len(seeds), processes or os.cpu_count() or 1)
    if count == 1:
        yield from map(work, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(count, tidy_afterwards) as pool:
        yield from pool.imap_unordered(work, seeds)


def tidy_afterwards() -> None:
    """To look for garbage all the time costs up to a tenth of a run: this process does so when one is over."""
    stage()
    gc.freeze()
    gc.disable()


def run_one(seed: int, orders: int, faults: Collection[str]) -> Result:
    try:
        result = run(Schedule(seed, range(orders), faults))
    except Exception as error:
        raise RuntimeError(f"seed {seed} breaks the simulation itself: {error!r}") from error
    gc.collect()
    return result
