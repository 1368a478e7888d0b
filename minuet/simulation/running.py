"""One run: a seed, a number of orders, some faults; and what came of it."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from minuet.simulation.acting import Acting
from minuet.simulation.carriers import Carriers
from minuet.simulation.clock import START
from minuet.simulation.conductor import Conductor
from minuet.simulation.customers import Customers
from minuet.simulation.echoes import Echoes
from minuet.simulation.faults import Faults, Strike
from minuet.simulation.inside import simulation_process
from minuet.simulation.merchants import Merchants
from minuet.simulation.oracle.violation import Violation
from minuet.simulation.plan import plan_order
from minuet.simulation.staff import Staff
from minuet.simulation.strangers import Strangers
from minuet.simulation.upgrading import Upgrade, Upgrading, as_before
from minuet.simulation.visits import Visits
from minuet.simulation.world import World


@dataclass(frozen=True)
class Schedule:
    """What is going to happen. `strikes` keeps faults to these: for shrinking."""

    seed: int
    orders: Sequence[int]  # their numbers
    faults: Collection[str]
    strikes: frozenset[Strike] | None = None
    upgrades: Sequence[Upgrade] = ()


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
    visits: Visits = field(default_factory=Counter)


def run(schedule: Schedule, listen: Callable[[str], None] | None = None) -> Result:
    """`listen` is told step by step what happens."""
    started = time.perf_counter()
    world = World(schedule.seed, Faults(schedule.seed, schedule.faults, schedule.strikes), listen)
    with (
        simulation_process(world.unexpected, world.poll_seconds),
        as_before(schedule.upgrades),
        world.visiting.counting(),
    ):
        try:
            world.loop.run_until_complete(live(world, open_shop(world, schedule)))
            return result_of(schedule, world, time.perf_counter() - started)
        finally:
            world.close()


async def live(world: World, opening: Coroutine[Any, Any, None]) -> None:
    """From its opening until nothing is left to happen, or an invariant is broken."""
    opened = world.loop.create_task(opening)
    await asyncio.wait([opened, world.over], return_when=asyncio.FIRST_COMPLETED)
    if opened.done():
        opened.result()  # raises what it raised
    await world.over
    if world.broken is not None:
        raise world.broken


async def open_shop(world: World, schedule: Schedule) -> None:
    orders = [plan_order(world.seed, number) for number in schedule.orders]
    acting = Acting(world)
    customers, merchants, staff = Customers(world, acting, orders), Merchants(world, acting), Staff(world, acting)
    await world.start()
    world.loop.idle = Conductor(world, acting, customers).idle
    with acting.somebody():  # may find a service away for days already
        await merchants.open_shop(orders)
        customers.plan()
        merchants.plan()
        staff.plan()
        Carriers(world, acting).plan()
        Upgrading(world, acting, schedule.upgrades)
        Strangers(world, acting, staff).plan()
        Echoes(world, acting).plan()


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
        visits=world.visiting.visits,
    )
