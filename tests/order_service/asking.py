"""What the tests ask of the order service over HTTP, and what is in its tables."""

import json
from collections.abc import Sequence
from typing import Any

import httpx
import sqlalchemy as sa

from bus.message import Message
from order_service.models import bus_tables, requests, saga_tables
from tests.service_bench import ServiceBench

CARD = {"method": "card", "token": "tok_ok"}
INVOICE = {"method": "invoice"}


def body(customer: str = "ann", *items: tuple[str, Any], payment: Any = None) -> dict[str, Any]:
    wanted = items or (("tea", 2),)
    lines = [{"sku": sku, "quantity": quantity} for sku, quantity in wanted]
    return {"customer_id": customer, "items": lines, "payment": payment or CARD}


async def placed(client: httpx.AsyncClient, *items: tuple[str, Any], **more: Any) -> str:
    """Place an order. Returns its id."""
    response = await client.post("/orders", json=body(*(("ann",) if "customer" not in more else ()), *items, **more))
    assert response.status_code == 201, response.text
    order_id: str = response.json()["order_id"]
    return order_id


async def show(client: httpx.AsyncClient, order_id: str) -> dict[str, Any]:
    response = await client.get(f"/orders/{order_id}")
    assert response.status_code == 200, response.text
    shown: dict[str, Any] = response.json()
    return shown


def hear(bench: ServiceBench, order_id: str, *messages: type[Message]) -> None:
    for message in messages:
        bench.tell(message.model_validate({"reference": order_id, "pick_id": "pick-1"}))


def counts(bench: ServiceBench, tables: Sequence[sa.Table] = (saga_tables.instances, requests)) -> dict[str, int]:
    """How many rows each table has, what is to be sent among them."""
    every = (*tables, saga_tables.history, bus_tables.outbox, bus_tables.timers, bus_tables.dead_letters)
    with bench.database.snapshot() as connection:
        return {t.name: connection.execute(sa.select(sa.func.count()).select_from(t)).scalar_one() for t in every}


def outbox(bench: ServiceBench) -> list[str]:
    """The wire names of what is to be sent, sorted."""
    with bench.database.snapshot() as connection:
        rows = connection.execute(sa.select(bus_tables.outbox.c.headers))
        return sorted(json.loads(row.headers)["ce-type"] for row in rows)


def is_problem(response: httpx.Response, status: int) -> str:
    """The response is a problem document with this status. Returns its sentence."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status
    detail: str = response.json()["detail"]
    return detail


def outbox_ids(bench: ServiceBench, wire_name: str) -> set[str]:
    """The ids of what the service said; nobody publishes on a bench."""
    with bench.database.snapshot() as connection:
        rows = connection.execute(sa.select(bus_tables.outbox.c.message_id, bus_tables.outbox.c.headers)).all()
    return {row.message_id for row in rows if json.loads(row.headers)["ce-type"] == wire_name}
