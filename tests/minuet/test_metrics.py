"""What `/metrics` tells of a running system."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from bus.database import Database
from bus.envelope import origin
from bus.transport import Binding
from bus.transports import sql
from minuet import seeding
from minuet.embedded import embedded
from minuet.settings import Settings
from minuet.system import System

Samples = dict[tuple[str, ...], float]


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[System]:
    async with embedded(Settings(database_url=f"sqlite:///{tmp_path}/{{service}}.db")) as running:
        yield running


@pytest.fixture
async def client(system: System) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(system.app), base_url="http://127.0.0.1") as client:
        yield client


async def samples(client: httpx.AsyncClient) -> Samples:
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.text)
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


async def until_told(client: httpx.AsyncClient, *name: str, value: float = 1) -> Samples:
    """Poll with a deadline. Returns everything that was told then."""
    for _ in range(200):
        found = await samples(client)
        if found.get(name) == value:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"waited in vain for {name} to be {value}")


async def seed(client: httpx.AsyncClient) -> None:
    for _, path, body in seeding.puts():
        (await client.put(path, json=body)).raise_for_status()


async def place(client: httpx.AsyncClient, token: str) -> None:
    payment = {"method": "card", "token": token}
    body = {"customer_id": "c-1", "items": [{"sku": "CUP", "quantity": 1}], "payment": payment}
    (await client.post("/orders", json=body)).raise_for_status()


async def test_messages_are_counted_by_service_and_type(client: httpx.AsyncClient) -> None:
    """One order: what was said, heard and done in the outside world, each once."""
    await seed(client)
    await place(client, "tok_ok")
    told = await until_told(client, "minuet_messages_published_total", "order", "order.order-completed.v1")
    for name, service, type_ in (
        ("published", "order", "order.order-placed.v1"),
        ("handled", "payment", "payment.retrieve-payment.v1"),
        ("handled", "order", "payment.payment-received.v1"),
    ):
        assert told[f"minuet_messages_{name}_total", service, type_] == 1
    assert told["minuet_effects_performed_total", "payment", "payment.charge-card.v1"] == 1
    assert told["minuet_batch_size_sum", "shipping"] == told["minuet_batch_seconds_count", "shipping"] >= 1


async def test_what_lies_in_the_tables_is_told_as_it_is(client: httpx.AsyncClient) -> None:
    """An effect under way and the deadline of the order that waits for it; then neither."""
    await seed(client)
    await place(client, "tok_slow_1000")
    told = await until_told(client, "minuet_effects_open", "payment")
    assert told["minuet_timers_armed", "order"] == 1
    assert told["minuet_timers_overdue", "order"] == 0
    told = await until_told(client, "minuet_messages_published_total", "order", "order.order-completed.v1")
    told = await until_told(client, "minuet_outbox_messages", "order", value=0)
    assert told["minuet_outbox_oldest_seconds", "order"] == 0
    assert told["minuet_effects_open", "payment"] == told["minuet_timers_armed", "order"] == 0


async def test_a_message_that_cannot_be_handled_is_counted_as_failed(client: httpx.AsyncClient, system: System) -> None:
    """Whatever type a stranger makes up, it is one series."""
    stranger = origin("s-1", sender="stranger", at="")
    await system.transport.declare("inventory", [Binding("stranger.hello.v1", command=False)])
    await system.transport.publish([replace(stranger, type="stranger.hello.v1")])
    told = await until_told(client, "minuet_messages_failed_total", "inventory", "unknown")
    assert told["minuet_dead_letters", "inventory", "parked"] == 1
    assert not any("stranger" in str(name) for name in told)


async def test_a_message_that_nobody_obeys_is_counted_as_it_waits(client: httpx.AsyncClient, tmp_path: Path) -> None:
    await seed(client)
    with closing(Database(f"sqlite:///{tmp_path}/bus.db")) as bus, bus.transaction() as connection:
        connection.execute(sa.delete(sql.bindings).where(sql.bindings.c.queue == "payment"))
    await place(client, "tok_ok")
    await until_told(client, "minuet_publish_failures_total", "order", "payment.retrieve-payment.v1")
    told = await until_told(client, "minuet_outbox_messages", "order")
    assert told["minuet_outbox_oldest_seconds", "order"] > 0
