"""An operator at the command line: what is stuck, why, and how to put it right."""

import asyncio
import getpass
import json
import time
from pathlib import Path
from typing import Any

import pytest

from bus.activity import Activity
from bus.database import Database
from bus.envelope import Envelope
from bus.transports.sql import SqlTransport
from tests.system.running import Running, running, until

ORDER_ID = "6a1f0f4e-4d3c-4c8e-9a58-0c5d3c1f9b01"


def publish_place_order(system: Running, customer: str) -> None:
    """As a stranger would, past the API."""
    body = {
        "order_id": ORDER_ID,
        "customer_id": customer,
        "items": [{"sku": "TEAPOT", "quantity": 1}],
        "payment": {"method": "card", "token": "tok_ok"},
    }
    envelope = Envelope(
        id="m-1",
        type="order.place-order.v1",
        source="/stranger",
        time="",
        subject=ORDER_ID,
        correlation_id=ORDER_ID,
        causation_id="",
        traceparent="",
        body=json.dumps(body).encode(),
        command=True,
    )

    async def publish() -> None:
        database = Database(f"sqlite:///{system.folder}/.minuet/bus.db")
        transport = SqlTransport(database, time.time, Activity())
        assert await transport.publish([envelope]) == [None]
        await transport.close()
        database.close()

    asyncio.run(publish())


def parked(system: Running) -> dict[str, Any]:
    def there() -> dict[str, Any] | None:
        items = system.get("/dead-letters", status="parked")["items"]
        return items[0] if items else None

    return until(there, "the letter to be parked")


def test_an_order_that_was_refused_is_redriven_once_the_customer_exists(tmp_path: Path) -> None:
    """It is parked with the API's own sentence, seen, put right and tried again, and the audit knows by whom."""
    with running(tmp_path) as system:
        publish_place_order(system, customer="c-1")
        letter = parked(system)
        refusal = system.client.post(
            "/orders",
            json={
                "customer_id": "c-1",
                "items": [{"sku": "TEAPOT", "quantity": 1}],
                "payment": {"method": "card", "token": "tok_ok"},
            },
        )
        assert letter["cause"] == refusal.json()["detail"]
        assert letter["id"] in system.minuet("dead", "list", "--status", "parked")
        assert letter["cause"] in system.minuet("dead", "show", letter["id"])
        system.minuet("seed")
        redriven = system.minuet("dead", "redrive", letter["id"], "--reason", "seeded")
        assert f"{letter['id']}  redriven" in redriven
        until(lambda: system.get(f"/orders/{ORDER_ID}")["state"] == "completed" or None, "the order to complete")
        (entry,) = system.get("/audit")["items"]
        assert (entry["author"], entry["reason"], entry["service"]) == (getpass.getuser(), "seeded", "order")
        with pytest.raises(AssertionError, match="it was redriven"):
            system.minuet("dead", "discard", letter["id"])


def test_deadlines_are_listed_postponed_and_fired_but_the_only_one_is_not_cancelled(tmp_path: Path) -> None:
    """An order by invoice waits 120 days; the operator puts it off, then ends the waiting."""
    with running(tmp_path) as system:
        system.minuet("seed")
        order_id = system.place("k", "c-vip", {"TEAPOT": 1}, {"method": "invoice"})["order_id"]

        def waits() -> dict[str, Any] | None:
            items = system.get("/timers", subject=order_id, name="invoice")["items"]
            return items[0] if items else None

        timer = until(waits, "the order to wait for its invoice")
        assert timer["service"] == "order"
        assert timer["id"] in system.minuet("timers", "list", "--subject", order_id)
        with pytest.raises(AssertionError, match="'invoice' is the only deadline of"):
            system.minuet("timers", "cancel", timer["id"])
        system.minuet("timers", "postpone", timer["id"], "--days", "3", "--author", "ann", "--reason", "holidays")
        (deadline,) = system.get(f"/orders/{order_id}")["deadlines"]
        assert deadline["due_at"] > timer["due_at"]
        assert "fired" in system.minuet("timers", "fire", timer["id"], "--author", "ann", "--reason", "bankrupt")
        assert system.get(f"/orders/{order_id}")["state"] == "needs_attention"
        attention = {"action": "close", "author": "ann", "reason": "written off"}
        assert system.client.post(f"/orders/{order_id}/attention", json=attention).is_success
        done = [(entry["action"], entry["author"], entry["reason"]) for entry in system.get("/audit")["items"]]
        assert done == [
            ("timer.postpone", "ann", "holidays"),
            ("timer.fire", "ann", "bankrupt"),
            ("order.close", "ann", "written off"),
        ]
