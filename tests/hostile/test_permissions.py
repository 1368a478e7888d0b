"""`minuet topology --apply --permissions`: the broker lets a service say what is its own, and nothing else."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import aio_pika
import pytest
from aio_pika.exceptions import AMQPError
from aiormq.exceptions import ChannelAccessRefused
from typer.testing import CliRunner

from bus.message import Command
from minuet import topology
from minuet.cli import app
from tests.bus.transports.strangers import publish, stranger
from tests.contracts.declarations import declared, service_of
from tests.servers.rabbitmq import RabbitMQ, free_ports
from tests.system.running import Running, until

SERVICES = ("order", "payment", "inventory", "shipping")
RECEIVED = "payment.payment-received.v1"


@pytest.fixture(scope="module")
def admin(private_rabbitmq: RabbitMQ) -> str:
    return private_rabbitmq.virtual_host(f"permissions-{uuid4().hex}")


@pytest.fixture(scope="module")
def urls(private_rabbitmq: RabbitMQ, admin: str) -> Iterator[Mapping[str, str]]:
    """Applied by the command; each service's AMQP URL, as it was printed."""
    environment = {
        "MINUET_AMQP_URL": admin,
        "MINUET_RABBITMQ_MANAGEMENT_URL": private_rabbitmq.management(free_ports(1)[0]),
    }
    done = CliRunner().invoke(app, ["topology", "--apply", "--permissions"], env=environment)
    assert done.exit_code == 0, done.output
    printed = [line.partition("MINUET_AMQP_URL=")[2] for line in done.output.splitlines() if "new user" in line]
    again = CliRunner().invoke(app, ["topology", "--apply", "--permissions"], env=environment)
    assert (again.exit_code, "new user" in again.output) == (0, False)
    yield {url.partition("//")[2].partition(":")[0]: url for url in printed}
    for service in SERVICES:
        private_rabbitmq.control("delete_user", service)


def headers(wire_name: str, message_id: str) -> dict[str, str]:
    return {"ce-specversion": "1.0", "ce-id": message_id, "ce-type": wire_name, "ce-source": "/minuet/payment"}


async def is_refused(url: str, exchange: str, wire_name: str) -> bool:
    """By the broker: it closes the channel."""
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        try:
            found = await channel.get_exchange(exchange, ensure=False)
            await found.publish(aio_pika.Message(b"{}"), wire_name, mandatory=False)
        except ChannelAccessRefused:
            return True
    return False


def test_each_service_has_a_user(urls: Mapping[str, str]) -> None:
    """With a password that nobody else has; it is printed once."""
    assert set(urls) == set(SERVICES)
    assert len(set(urls.values())) == len(SERVICES)


@pytest.mark.parametrize("user", SERVICES)
@pytest.mark.parametrize("owner", SERVICES)
async def test_a_service_publishes_its_own_events_and_nobody_elses(
    urls: Mapping[str, str], user: str, owner: str
) -> None:
    assert await is_refused(urls[user], f"{owner}.events", f"{owner}.said.v1") == (user != owner)


async def test_not_even_in_its_own_exchange_does_it_say_what_others_say(urls: Mapping[str, str]) -> None:
    assert await is_refused(urls["order"], "order.events", RECEIVED)


@pytest.mark.parametrize("user", SERVICES)
async def test_only_the_order_service_sends_commands(urls: Mapping[str, str], user: str) -> None:
    for owner in ("payment", "inventory", "shipping"):
        assert await is_refused(urls[user], f"{owner}.commands", f"{owner}.do.v1") == (user != "order")


async def test_nobody_writes_to_a_queue_past_its_exchanges(urls: Mapping[str, str]) -> None:
    assert await is_refused(urls["shipping"], "", "payment")
    assert await is_refused(urls["shipping"], "payment.dead", "")


@pytest.mark.parametrize("queue", ["payment", "payment.dead"])
async def test_nobody_reads_or_removes_what_is_anothers(urls: Mapping[str, str], queue: str) -> None:
    async with await aio_pika.connect(urls["shipping"]) as connection:
        async with connection.channel() as channel:
            found = await channel.get_queue(queue, ensure=False)
            with pytest.raises(AMQPError, match="ACCESS_REFUSED"):
                await found.get()
        async with connection.channel() as channel:
            with pytest.raises(AMQPError, match="ACCESS_REFUSED"):
                await channel.queue_delete(queue)


async def test_nobody_pretends_to_be_another_user(urls: Mapping[str, str]) -> None:
    """The broker itself checks `user_id`, where a message bears one."""
    async with await aio_pika.connect(urls["order"]) as connection, connection.channel() as channel:
        exchange = await channel.get_exchange("order.events", ensure=False)
        with pytest.raises(AMQPError, match="user_id property set to 'payment' but authenticated user was 'order'"):
            await exchange.publish(aio_pika.Message(b"{}", user_id="payment"), "order.said.v1", mandatory=False)


def test_every_command_to_others_is_declared_by_whoever_sends_it() -> None:
    """What is not declared could not be sent where permissions are applied."""
    sent = {(service_of(c), c.wire_name) for c in declared() if issubclass(c, Command) and service_of(c) != c.owner}
    assert sent == {(service.name, c.wire_name) for service in topology.of_all() for c in service.commands}


@pytest.fixture
def running(tmp_path: Path, urls: Mapping[str, str]) -> Iterator[Mapping[str, Running]]:
    """Each service its own process under its own user."""
    processes = {}
    for service in SERVICES:
        environment = {"MINUET_TRANSPORT": "rabbitmq", "MINUET_AMQP_URL": urls[service]}
        processes[service] = Running(tmp_path, service, environment=environment)
    for process in processes.values():
        process.launch()
    for process in processes.values():
        until_ready(process)
    yield processes
    for process in processes.values():
        process.kill()


def until_ready(process: Running) -> None:
    until(lambda: process.client.get("/readyz").is_success or None, f"a service to be ready; its log: {process.log()}")


def seed(running: Mapping[str, Running]) -> None:
    person = {"name": "Ann", "email": "a@example.org", "address": "1 Road", "tier": "standard", "rewards_member": True}
    price = {"amount": 500, "currency": "EUR"}
    assert running["order"].client.put("/customers/c-1", json=person).is_success
    assert running["order"].client.put("/catalogue/tea", json={"name": "tea", "price": price}).is_success
    assert running["inventory"].client.put("/stock/tea", json={"on_hand": 5}).is_success


def test_the_flow_runs_under_permissions_and_a_forgery_is_parked(running: Mapping[str, Running], admin: str) -> None:
    """One from an administrator, who may write anywhere, is no better: the event does not bear its owner's user."""
    seed(running)
    order = running["order"].client
    body = {"customer_id": "c-1", "items": [{"sku": "tea", "quantity": 1}]}
    declined = order.post("/orders", json={**body, "payment": {"method": "card", "token": "tok_declined"}}).json()
    asyncio.run(forge(admin, declined["order_id"]))
    [letter] = until(lambda: order.get("/dead-letters").json()["items"] or None, "the forgery to be parked")
    assert (letter["status"], letter["type"]) == ("parked", RECEIVED)
    assert letter["cause"] == "forged: what payment says is published by the user 'payment', this was by 'guest'"
    paid = order.post("/orders", json={**body, "payment": {"method": "card", "token": "tok_ok"}}).json()

    def completed() -> bool | None:
        return order.get(f"/orders/{paid['order_id']}").json()["state"] == "completed" or None

    until(completed, "the order to complete")
    assert order.get(f"/orders/{declined['order_id']}").json()["state"] == "awaiting_payment"


async def forge(url: str, reference: str) -> None:
    body = json.dumps({"reference": reference, "attempt": 1}).encode()
    async with stranger(url) as channel:
        await publish(channel, "payment.events", RECEIVED, body, headers=headers(RECEIVED, "forged"), user_id="guest")


def test_without_the_management_api_the_commands_are_printed(admin: str) -> None:
    """They do the same; and as nothing was applied, the command fails."""
    done = CliRunner().invoke(app, ["topology", "--apply", "--permissions"], env={"MINUET_AMQP_URL": admin})
    assert done.exit_code != 0
    assert "permissions are not applied" in done.output
    commands = [line for line in done.output.splitlines() if line.startswith("rabbitmqctl")]
    assert len(commands) == 3 * len(SERVICES)
    vhost = admin.rpartition("/")[2]
    assert f"rabbitmqctl set_permissions -p {vhost} shipping" in done.output


@pytest.mark.parametrize("management", ["http://127.0.0.1:1", "localhost:15672"])
def test_a_management_api_that_is_not_there_is_a_sentence(admin: str, management: str) -> None:
    environment = {"MINUET_AMQP_URL": admin, "MINUET_RABBITMQ_MANAGEMENT_URL": management}
    done = CliRunner().invoke(app, ["topology", "--apply", "--permissions"], env=environment)
    assert done.exit_code != 0
    assert "MINUET_RABBITMQ_MANAGEMENT_URL" in done.output
