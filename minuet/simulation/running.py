"""One run: a seed, a number of orders, some faults; and what came of it."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from minuet.simulation.clock import START
from minuet.simulation.conductor import Conductor
from minuet.simulation.faults import Faults, Strike
from minuet.simulation.inside import simulation_process
from minuet.simulation.oracle.violation import Violation
from minuet.simulation.people import People
from minuet.simulation.plan import plan_order
from minuet.simulation.world import World


@dataclass(frozen=True)
class Schedule:
    """What is going to happen. `strikes` keeps faults to these: for shrinking."""

    seed: int
    orders: Sequence[int]  # their numbers
    faults: Collection[str]
    strikes: frozenset[Strike] | None = None


@dataclass(frozen=True)
class Result:
    schedule: Schedule
    violation: Violation | None
    trace_hash: str
    struck: tuple[Strike, ...]
    messages: int
    virtual: timedelta
    seconds: float
    states: Counter[str] = field(default_factory=Counter)  # in which the orders ended
    moves: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # from, because, to


def run(schedule: Schedule, listen: Callable[[str], None] | None = None) -> Result:
    started = time.perf_counter()
    with simulation_process():
        faults = Faults(schedule.seed, schedule.faults, lambda _who, _what: None, schedule.strikes)
        conductors: list[Conductor] = []
        world = World(schedule.seed, faults, listen, lambda: bool(conductors) and conductors[0].idle())
        people = People(world, [plan_order(schedule.seed, number) for number in schedule.orders])

        async def live() -> None:
            await world.start()
            await people.open_shop()
            people.plan()
            conductors.append(Conductor(world, people))
            await world.over

        try:
            world.loop.run_until_complete(live())
            return result_of(schedule, world, time.perf_counter() - started)
        finally:
            world.close()


def result_of(schedule: Schedule, world: World, seconds: float) -> Result:
    books = world.oracle.books
    moves = books.rows("order", "SELECT from_state, because, to_state FROM saga_history")
    return Result(
        schedule=schedule,
        violation=world.violation,
        trace_hash=world.trace.digest,
        struck=tuple(world.faults.struck),
        messages=len(world.oracle.deliveries.said),
        virtual=world.calendar.now - START,
        seconds=seconds,
        states=Counter(order.name for order in books.orders()),
        moves=Counter(moves),
    )
