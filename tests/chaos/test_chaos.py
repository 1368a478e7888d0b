"""Live chaos: orders flow through real processes, while these, their servers and their connections are harmed."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from bus.database import OTHERS, READERS
from tests.chaos.faults import ALL, SHORT, Chaos, Fault, rounds
from tests.chaos.house import House, house
from tests.chaos.judging import judge_in_between, judge_in_the_end, wait_for_rest
from tests.chaos.oracle.watching import watch
from tests.chaos.people import People, Wish
from tests.system.cluster import CARD, SERVICES
from tests.system.running import until

DAY_SECONDS = 20  # how long a day takes: outages of seconds make deadlines pass, and gateway and carriers keep up
GOES_ON_SECONDS = 10.0
LONGEST_TRANSACTION_SECONDS = 5.0  # what is older was left behind by somebody who is gone
SLOW = {"method": "card", "token": "tok_slow_1500"}
IN_HAND = """
SELECT message_id, lease_until FROM outbox UNION ALL SELECT effect_id, lease_until FROM effects
"""


@dataclass(frozen=True)
class Plan:
    seed: int
    orders: int
    per_second: float
    faults: Sequence[Fault]
    all_cases_cleared: bool  # else some wait for their deadlines
    rest_seconds: float


@pytest.fixture
def here(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, factor=86_400 // DAY_SECONDS) as here:
        for service in SERVICES:
            with psycopg.connect(here.databases()[service]) as connection:
                watch(connection)
        here.cluster.seed({"TEAPOT": 10_000, "CUP": 10_000, "KETTLE": 10_000, "SAMOVAR": 10})
        here.cluster.put("payment", "/credits/c-2", {"balance": {"amount": 100_000, "currency": "EUR"}})
        yield here


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(Plan(1, 200, 6, SHORT, True, 90), id="short"),
        pytest.param(Plan(2, 2_000, 8, ALL, False, 400), id="long", marks=pytest.mark.long),
    ],
)
def test_whatever_breaks_every_order_ends_right_and_the_books_agree(plan: Plan, here: House) -> None:
    """Nothing is violated after any fault and in the end, nothing is parked, and no connection is leaked."""
    connections = here.broker_connections()
    choices = random.Random(plan.seed)
    wishes = [Wish(number, choices) for number in range(plan.orders)]
    people = People(here.cluster, plan.seed, wishes, plan.per_second, all_cases=plan.all_cases_cleared)
    try:
        faults = rage(plan, Chaos(here, random.Random(plan.seed)), people)
        wait_for_rest(here, plan.rest_seconds)
    finally:
        people.go_home()
    print(f"\nfaults: {dict(faults)}\norders: {dict(here.cluster.states())}")
    judge_in_the_end(here, people.accepted)
    assert len(people.accepted) == plan.orders
    assert here.broker_connections() == connections
    in_transaction = here.database_connections()
    assert max(in_transaction) < LONGEST_TRANSACTION_SECONDS
    assert len(in_transaction) <= len(here.cluster.everyone()) * (READERS + OTHERS), "more than their pools"


def rage(plan: Plan, chaos: Chaos, people: People) -> Counter[str]:
    """Fault after fault, until every kind was there and every customer has ordered. Returns how many of each kind."""
    faults: Counter[str] = Counter()
    for fault in rounds(plan.faults, chaos.moments):
        began = time.monotonic()
        fault(chaos)
        chaos.house.heal()
        faults[fault.__name__] += 1
        judge_in_between(chaos.house)
        states = dict(chaos.house.cluster.states())
        print(f"{fault.__name__}, {time.monotonic() - began:.0f} s; {states}", flush=True)
        if not people.shopping() and faults.total() >= len(plan.faults):
            break
    return faults


def test_after_kill_9_of_a_replica_the_other_takes_up_its_work_within_ten_seconds(here: House) -> None:
    """Whatever the dead one had in hand is finished, or in the hands of the other; and every order ends."""
    for service in SERVICES:
        here.cluster.place_all([(f"{service}-{n}", "c-1", {"CUP": 1}, SLOW if n % 2 else CARD) for n in range(12)])
        here.cluster.processes[service][0].kill()
        in_hand = held(here, service)
        until(lambda: not in_hand & held(here, service) or None, f"{len(in_hand)} to be taken up", GOES_ON_SECONDS)  # noqa: B023
        wait_for_rest(here, 60)
        here.cluster.processes[service][0].launch()
    assert here.cluster.states() == {"completed": 48}


def held(here: House, service: str) -> set[tuple[str, float]]:
    """Messages and effects under a lease, which lasts until."""
    with psycopg.connect(here.databases()[service]) as connection:
        return set(connection.execute(IN_HAND).fetchall())
