"""A scenario of the demo in the simulator's world, with a crash at a given point or none."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import httpx

from bus.activity import Activity
from minuet import seeding
from minuet.demo.scenarios import SCENARIOS, Scenario
from minuet.demo.shop import Shop
from minuet.simulation.conductor import Conductor
from minuet.simulation.faults import Strike
from minuet.simulation.inside import simulation_process
from minuet.simulation.oracle.books import Books
from minuet.simulation.oracle.violation import Violation
from minuet.simulation.running import live
from minuet.simulation.world import World
from tests.exhaustive.once import CRASHES, Once
from tests.exhaustive.stage_door import StageDoor

SEED = 1
BY_KEY = {scenario.key: scenario for scenario in SCENARIOS}

WHAT_ENDS = {  # in every database: what must be the same whatever crashed on the way
    "order": (
        "SELECT instance_id, state, data ->> 'total', data ->> 'attempt', data ->> 'reason' FROM saga_instances",
        "SELECT to_state FROM saga_history WHERE from_state != to_state ORDER BY step",
    ),
    "payment": (
        "SELECT flow, instance_id, state, data ->> 'charged' FROM saga_instances ORDER BY 1, 2",
        "SELECT posting_id, line, kind, reference, account, amount, currency FROM ledger_entries ORDER BY 1, 2",
        "SELECT customer_id, currency, balance FROM credits ORDER BY 1, 2",
        "SELECT reference, reason, agent, outcome FROM clearing_cases ORDER BY 1",
    ),
    "inventory": (
        "SELECT sku, on_hand, reserved, shipped FROM stock ORDER BY 1",
        "SELECT reference, state, goods FROM reservations ORDER BY 1",
    ),
    "shipping": ("SELECT reference, state, carrier FROM shipments ORDER BY 1",),
    "gateway": (
        "SELECT key, reference, amount, currency, token, declined FROM charges ORDER BY 1",
        "SELECT key, charge_key, reference, amount, currency FROM refunds ORDER BY 1",
    ),
}


@dataclass(frozen=True)
class Ended:
    """What a scenario has come to. What answers came in which sequence is not part of it."""

    violation: Violation | None
    path: tuple[str, ...]
    rows: dict[str, list[Any]]  # by the query that found them
    points: list[Strike]
    struck: list[Strike]

    def differs_from(self, other: "Ended") -> str:
        """In what, for a person; nothing if it does not."""
        if self.violation is not None:
            return str(self.violation)
        different = [query for query, rows in self.rows.items() if rows != other.rows[query]]
        return "\n".join(f"{query}:\n  {self.rows[query]}\n  instead of {other.rows[query]}" for query in different)


class People(Activity):
    """Says whether somebody acts, and whether the scenario is still being played."""

    def __init__(self) -> None:
        self._acting: set[str] = set()
        self.waiting = True

    @property
    def under_way(self) -> int:
        return len(self._acting)

    def begin(self, keys: Iterable[str]) -> None:
        self._acting.update(keys)

    def end(self, keys: Iterable[str]) -> None:
        self._acting.difference_update(keys)


class SimulatedShop(Shop):
    """Nobody minds how long a machine is away; whoever waits for a day acts on it as soon as it has come."""

    patience_seconds: ClassVar[float] = 5000.0
    poll_seconds: ClassVar[float] = 2.0

    def __init__(self, world: World, people: People) -> None:
        client = httpx.AsyncClient(transport=StageDoor(world))
        super().__init__(client, lambda service: f"http://{service}", world.stage.gateway_clock, people)
        self._world = world

    async def until(self, date: datetime) -> None:
        come = self._world.loop.create_future()

        def arrive() -> None:
            self._activity.begin(self._under_way)
            come.set_result(None)

        self._world.agenda.plan(date - self.clock.now(), arrive)
        self._activity.end(self._under_way)
        await come


def play(key: str, *strikes: Strike) -> Ended:
    scenario, people = BY_KEY[key], People()
    faults = Once(SEED, CRASHES, frozenset(strikes))
    world = World(SEED, faults, None)
    with simulation_process(world.unexpected, world.poll_seconds):
        try:
            world.loop.run_until_complete(live(world, open_shop(world, scenario, people, faults)))
            return ended(world, faults)
        finally:
            world.close()


async def open_shop(world: World, scenario: Scenario, people: People, faults: Once) -> None:
    shop = SimulatedShop(world, people)
    await world.start()
    for service, path, body in seeding.puts():
        await shop.put(service, path, body)
    world.oracle.accepted[shop.order_id(scenario.key)] = None
    faults.awake = True
    world.loop.create_task(perform(world, shop, scenario, people))
    people.begin(["the scenario"])
    world.loop.idle = Conductor(world, people, people).idle


async def perform(world: World, shop: SimulatedShop, scenario: Scenario, people: People) -> None:
    try:
        async with shop.acting():
            people.end(["the scenario"])
            await scenario.play(shop, scenario.key)
        people.waiting = False
    except Exception as error:
        world.breaks(error)


def ended(world: World, faults: Once) -> Ended:
    books = world.oracle.books
    moves = books.rows("order", "SELECT from_state, to_state FROM saga_history ORDER BY step")
    path = tuple(after.partition("/")[0] for before, after in moves if before != after)
    return Ended(world.violation, path, dict(found(books)), faults.points(), faults.struck)


def difference(crash: tuple[str, Strike, Ended]) -> str:
    """What came of a scenario that should have come to this, in spite of the crash."""
    key, strike, without = crash
    came = play(key, strike)
    wrong = came.differs_from(without) if came.struck == [strike] else "nothing crashed"
    return f"{key}, {strike}: {wrong}" if wrong else ""


def found(books: Books) -> Iterable[tuple[str, list[Any]]]:
    for service, queries in WHAT_ENDS.items():
        for query in queries:
            yield f"{service}: {query}", books.rows(service, query)
