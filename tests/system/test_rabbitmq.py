"""The services on RabbitMQ, and a customer who knows nothing but AMQP."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.bus.transports.strangers import publish, stranger
from tests.servers.rabbitmq import RabbitMQ
from tests.system.running import Running, running, until


@pytest.fixture
def url(private_rabbitmq: RabbitMQ) -> str:
    """The services have fixed names: each test has a virtual host of its own."""
    return private_rabbitmq.virtual_host(f"system-{uuid4().hex}")


@contextmanager
def on_rabbitmq(folder: Path, url: str) -> Iterator[Running]:
    environment = {"MINUET_TRANSPORT": "rabbitmq", "MINUET_AMQP_URL": url}
    with running(folder, environment=environment) as system:
        system.minuet("seed")
        yield system


def place_order(url: str, order_id: str, **changes: object) -> None:
    order = {
        "order_id": order_id,
        "customer_id": "c-1",
        "items": [{"sku": "TEAPOT", "quantity": 1}],
        "payment": {"method": "card", "token": "tok_ok"},
        **changes,
    }
    headers = {
        "ce-specversion": "1.0",
        "ce-id": f"place-{order_id}",
        "ce-type": "order.place-order.v1",
        "ce-source": "/shop",
        "ce-correlationid": order_id,
    }

    async def publish_it() -> None:
        async with stranger(url) as channel:
            body = json.dumps(order).encode()
            await publish(channel, "order.commands", "order.place-order.v1", body, headers=headers)

    asyncio.run(publish_it())


def test_an_order_that_is_placed_by_message_completes(tmp_path: Path, url: str) -> None:
    """Published twice it is one order; the card is charged once, and the stock is right."""
    with on_rabbitmq(tmp_path, url) as system:
        order_id = str(uuid4())
        place_order(url, order_id)
        place_order(url, order_id)

        def completed() -> bool | None:
            answer = system.client.get(f"/orders/{order_id}")
            return (answer.is_success and answer.json()["state"] == "completed") or None

        until(completed, "the order to complete")
        assert len(system.get("/gateway/ledger")["charges"]) == 1
        until(lambda: system.get("/stock/TEAPOT")["shipped"] == 1 or None, "the stock to be booked")
        assert system.get("/dead-letters")["items"] == []
        assert system.stop() == 0


def test_an_order_that_the_api_would_refuse_is_parked_with_the_same_sentence(tmp_path: Path, url: str) -> None:
    """And so is what is no message at all; the queue goes on."""
    with on_rabbitmq(tmp_path, url) as system:
        bad, worse, good = str(uuid4()), str(uuid4()), str(uuid4())
        place_order(url, bad, customer_id="nobody")
        place_order(url, worse, items=[{"sku": "TEAPOT", "quantity": 0}])
        place_order(url, good)

        def handled() -> bool | None:
            return system.client.get(f"/orders/{good}").is_success or None

        until(handled, "the good order")

        def letters() -> dict[str, dict[str, str]] | None:
            found = {letter["correlation_id"]: letter for letter in system.get("/dead-letters")["items"]}
            return found if found.keys() == {bad, worse} else None

        kept = until(letters, "the letters")
        asked = {"payment": {"method": "card", "token": "tok_ok"}, "customer_id": "c-1"}
        nobody = {**asked, "customer_id": "nobody", "items": [{"sku": "TEAPOT", "quantity": 1}]}
        nothing = {**asked, "items": [{"sku": "TEAPOT", "quantity": 0}]}
        for order_id, body in ((bad, nobody), (worse, nothing)):
            sentence = system.client.post("/orders", json=body).json()["detail"]
            assert kept[order_id]["status"] == "parked"
            assert kept[order_id]["cause"].endswith(sentence)
