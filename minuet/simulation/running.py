"""One run: a seed, a number of orders, some faults; and what came of it."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from minuet.simulation.acting import Acting
from minuet.simulation.clock import START
from minuet.simulation.conductor import Conductor
from minuet.simulation.customers import Customers
from minuet.simulation.faults import Faults, Strike
from minuet.simulation.inside import simulation_process
from minuet.simulation.oracle.violation import Violation
from minuet.simulation.plan import plan_order
from minuet.simulation.staff import Staff
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
    moves: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)  # flow, from, because, to


def run(schedule: Schedule, listen: Callable[[str], None] | None = None) -> Result:
    started = time.perf_counter()
    with simulation_process():
        faults = Faults(schedule.seed, schedule.faults, lambda _who, _what: None, schedule.strikes)
        conductors: list[Conductor] = []
        world = World(schedule.seed, faults, listen, lambda: bool(conductors) and conductors[0].idle())
        orders = [plan_order(schedule.seed, number) for number in schedule.orders]
        acting = Acting(world)
        customers, staff = Customers(world, acting, orders), Staff(world, acting)

        async def live() -> None:
            await world.start()
            await staff.open_shop(orders)
            customers.plan()
            staff.plan()
            conductors.append(Conductor(world, acting, customers))

        async def until_over() -> None:
            living = world.loop.create_task(live())
            await asyncio.wait([living, world.over], return_when=asyncio.FIRST_COMPLETED)
            if living.done():
                living.result()  # raises what it raised
            await world.over

        try:
            world.loop.run_until_complete(until_over())
            if world.broken is not None:
                raise world.broken
            return result_of(schedule, world, time.perf_counter() - started)
        finally:
            world.close()


def result_of(schedule: Schedule, world: World, seconds: float) -> Result:
    books = world.oracle.books
    history = "SELECT flow, from_state, because, to_state FROM saga_history"
    moves = [move for service in ("order", "payment") for move in books.rows(service, history)]
    states = [row[0].partition("/")[0] for row in books.rows("order", "SELECT state FROM saga_instances")]
    return Result(
        schedule=schedule,
        violation=world.violation,
        trace_hash=world.trace.digest,
        struck=tuple(world.faults.struck),
        messages=len(world.oracle.deliveries.said),
        virtual=world.calendar.now - START,
        seconds=seconds,
        states=Counter(states),
        moves=Counter(moves),
    )
