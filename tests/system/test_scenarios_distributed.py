"""The demo's stories on RabbitMQ and PostgreSQL, every service its own process, order with two replicas."""

import asyncio
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from bus.activity import Activity
from bus.clock import AcceleratedClock
from bus.transports.rabbitmq import RabbitTransport
from minuet import services
from minuet.demo.outcome import Outcome
from minuet.demo.scenarios import SCENARIOS, Scenario
from minuet.demo.shop import Shop
from minuet.demo.telling import Telling
from minuet.seeding import CATALOGUE
from tests.servers.postgresql import Databases
from tests.servers.rabbitmq import RabbitMQ
from tests.system.cluster import Cluster

HALF_A_DAY = 43_200  # in a second: slow enough that a busy machine is in time for every deadline
CHANGES_THE_CARRIER = "held"  # for everybody, so this one is played when all others have ended


@pytest.fixture
def cluster(tmp_path: Path, postgresql: Databases, private_rabbitmq: RabbitMQ) -> Iterator[Cluster]:
    clock = f"accelerated:{HALF_A_DAY}@{datetime.now(UTC).isoformat()}"
    virtual_host = private_rabbitmq.virtual_host(tmp_path.name)
    with Cluster(tmp_path, postgresql, virtual_host, replicas={"order": 2}, clock=clock) as made:
        made.seed({sku: on_hand for sku, (_, _, on_hand) in CATALOGUE.items()})
        yield made


async def test_every_story_ends_as_it_does_embedded(cluster: Cluster) -> None:
    """The same orders at the same time: paths, messages, money, stock and the gateway's ledger are as expected."""
    transport = RabbitTransport(cluster.amqp_url)
    async with httpx.AsyncClient(timeout=30) as client:
        shop = Shop(client, cluster.at, clock_of(cluster), Activity())
        telling = Telling(transport, shop, services.build(services.NAMES, client), Console(file=io.StringIO()))
        await telling.subscribe()
        listening = asyncio.create_task(telling.run())
        at_once = [each for each in SCENARIOS if each.key != CHANGES_THE_CARRIER]
        await asyncio.gather(*(play(scenario, shop) for scenario in at_once))
        await asyncio.gather(*(play(each, shop) for each in SCENARIOS if each not in at_once))
        await shop.until_found(lambda: all_said(telling, shop), "every message to be heard")
        outcome = Outcome(shop, Console(file=io.StringIO()), telling.said)
        await shop.until_found(lambda: goods_have_left(shop), "inventory to hear of every parcel")
        await outcome.check(SCENARIOS)
        listening.cancel()
    await transport.close()
    assert outcome.wrong == []


async def play(scenario: Scenario, shop: Shop) -> None:
    await scenario.play(shop, scenario.key)
    await shop.until_state(shop.order_id(scenario.key), scenario.path[-1])


def clock_of(cluster: Cluster) -> AcceleratedClock:
    factor, _, start = cluster.clock.removeprefix("accelerated:").partition("@")
    return AcceleratedClock(float(factor), datetime.fromisoformat(start))


async def all_said(telling: Telling, shop: Shop) -> bool | None:
    """What is said last is heard a moment after the order has ended."""
    return all(set(scenario.says) <= set(telling.said[shop.order_id(scenario.key)]) for scenario in SCENARIOS) or None


async def goods_have_left(shop: Shop) -> bool | None:
    stocks = [await shop.get("inventory", f"/stock/{sku}") for sku in CATALOGUE]
    return all(stock["reserved"] == 0 for stock in stocks) or None
