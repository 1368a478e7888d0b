"""What the databases and the gateway's ledger say, in plain SQL. Shares no code with those who wrote it."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

MONEY_IN = ("charged", "credit_used", "invoice_paid")
MONEY_OUT = ("refunded_card", "refunded_credit")


@dataclass(frozen=True)
class OrderRow:
    order_id: str
    state: str  # a label, e.g. "withdrawing_payment/price"
    generation: int
    steps: int
    data: dict[str, Any]
    undos: list[dict[str, Any]]

    @property
    def name(self) -> str:
        return self.state.partition("/")[0]

    @property
    def ended(self) -> bool:
        return self.name in ("completed", "cancelled", "closed")

    @property
    def by_invoice(self) -> bool:
        return self.data["card_token"] is None

    @property
    def total(self) -> int:
        amount: int = self.data["total"]["amount"]
        return amount


@dataclass(frozen=True)
class HistoryLine:
    step: int
    at: datetime
    before: str
    after: str
    because: str
    message_id: str
    sent: list[str]


@dataclass(frozen=True)
class Books:
    databases: Mapping[str, sqlite3.Connection]

    def rows(self, service: str, query: str, *values: Any) -> list[Any]:
        return self.databases[service].execute(query, values).fetchall()

    def value(self, service: str, query: str, *values: Any) -> Any:
        row = self.databases[service].execute(query, values).fetchone()
        return None if row is None else row[0]

    def tables(self, service: str) -> dict[str, list[str]]:
        """Every table of a database, with its columns."""
        names = [name for (name,) in self.rows(service, "SELECT name FROM main.sqlite_master WHERE type = 'table'")]
        return {name: [row[1] for row in self.rows(service, f"PRAGMA table_info({name})")] for name in names}

    @cached_property
    def columns(self) -> dict[str, dict[str, list[str]]]:
        return {service: self.tables(service) for service in self.databases}

    # --- orders

    def order(self, order_id: str) -> OrderRow | None:
        query = "SELECT instance_id, state, generation, steps, data, undos FROM saga_instances WHERE instance_id = ?"
        found = self.rows("order", query, order_id)
        return order_row(found[0]) if found else None

    def orders(self) -> list[OrderRow]:
        query = "SELECT instance_id, state, generation, steps, data, undos FROM saga_instances ORDER BY instance_id"
        return [order_row(row) for row in self.rows("order", query)]

    def orders_in(self, state: str) -> list[str]:
        query = (
            "SELECT instance_id FROM saga_instances WHERE state = ? OR state LIKE ? ORDER BY created_at, instance_id"
        )
        return [row[0] for row in self.rows("order", query, state, f"{state}/%")]

    def history(self, order_id: str) -> list[HistoryLine]:
        query = (
            "SELECT step, at, from_state, to_state, because, message_id, sent FROM saga_history"
            " WHERE instance_id = ? ORDER BY step"
        )
        rows = self.rows("order", query, order_id)
        return [
            HistoryLine(step, time_of(at), before, after, because, message_id, json.loads(sent))
            for step, at, before, after, because, message_id, sent in rows
        ]

    # --- money

    def moved(self, reference: str) -> dict[str, int]:
        """What the ledger has booked for a reference, by kind: what came to its account, or left it."""
        query = (
            "SELECT kind, sum(amount) FROM ledger_entries"
            " WHERE reference = ? AND account LIKE 'held_for:%' GROUP BY kind"
        )
        return {kind: abs(amount) for kind, amount in self.rows("payment", query, reference)}

    def received(self, reference: str) -> int:
        moved = self.moved(reference)
        return sum(moved.get(kind, 0) for kind in MONEY_IN)

    def refunded(self, reference: str) -> int:
        moved = self.moved(reference)
        return sum(moved.get(kind, 0) for kind in MONEY_OUT)

    def at_gateway(self, reference: str) -> tuple[int, int]:
        """Charged and refunded, as the gateway says."""
        charged = "SELECT coalesce(sum(amount), 0) FROM charges WHERE reference = ? AND declined IS NULL"
        refunded = "SELECT coalesce(sum(amount), 0) FROM refunds WHERE reference = ?"
        return self.value("gateway", charged, reference), self.value("gateway", refunded, reference)

    # --- goods

    def reservation(self, reference: str) -> str | None:
        state: str | None = self.value("inventory", "SELECT state FROM reservations WHERE reference = ?", reference)
        return state

    def shipment(self, reference: str) -> str | None:
        state: str | None = self.value("shipping", "SELECT state FROM shipments WHERE reference = ?", reference)
        return state


def order_row(row: Any) -> OrderRow:
    order_id, state, generation, steps, data, undos = row
    return OrderRow(order_id, state, generation, steps, json.loads(data), json.loads(undos))


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
