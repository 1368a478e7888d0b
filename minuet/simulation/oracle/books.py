"""What the databases and the gateway's ledger say, in plain SQL. Shares no code with those who wrote it."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from minuet.simulation.oracle.instances import INSTANCE, HistoryLine, InstanceRow, OrderRow

MONEY_IN = ("charged", "credit_used", "invoice_paid")
MONEY_OUT = ("refunded_card", "refunded_credit")
CALLING = {"charging", "unsure", "refunding", "waiting_to_refund"}  # the gateway, about a payment


@dataclass(frozen=True, eq=False)
class Books:
    databases: Mapping[str, sqlite3.Connection]
    _instances: dict[tuple[str, str], list[InstanceRow]] = field(default_factory=dict)  # as read, by service and id
    _histories: dict[tuple[str, str], dict[str, list[HistoryLine]]] = field(default_factory=dict)  # likewise; by flow

    def rows(self, service: str, query: str, *values: Any) -> list[Any]:
        return self.databases[service].execute(query, values).fetchall()

    def value(self, service: str, query: str, *values: Any) -> Any:
        row = self.databases[service].execute(query, values).fetchone()
        return None if row is None else row[0]

    @cached_property
    def columns(self) -> dict[str, dict[str, list[str]]]:
        """Of every table of every database."""
        return {service: self._tables(service) for service in self.databases}

    def _tables(self, service: str) -> dict[str, list[str]]:
        names = [name for (name,) in self.rows(service, "SELECT name FROM main.sqlite_master WHERE type = 'table'")]
        return {name: [row[1] for row in self.rows(service, f"PRAGMA table_info({name})")] for name in names}

    # --- flows

    def instances(self, service: str, instance_id: str) -> list[InstanceRow]:
        """One for each flow that has an instance of that name."""
        key = service, instance_id
        if key not in self._instances:
            found = self.rows(service, f"{INSTANCE} WHERE instance_id = ? ORDER BY flow", instance_id)
            kind = OrderRow if service == "order" else InstanceRow
            self._instances[key] = [kind.of(row) for row in found]
        return self._instances[key]

    def instance(self, service: str, flow: str, instance_id: str) -> InstanceRow | None:
        return next((row for row in self.instances(service, instance_id) if row.flow == flow), None)

    def history(self, service: str, instance: InstanceRow) -> list[HistoryLine]:
        known = self._histories.setdefault((service, instance.instance_id), {})
        if instance.flow not in known:
            known[instance.flow] = self._history(service, instance)
        return known[instance.flow]

    def _history(self, service: str, instance: InstanceRow) -> list[HistoryLine]:
        query = (
            "SELECT step, at, from_state, to_state, because, message_id, sent, author, reason FROM saga_history"
            " WHERE instance_id = ? AND flow = ? ORDER BY step"
        )
        return [
            HistoryLine(step, time_of(at), before, after, because, message_id, json.loads(sent), author, reason)
            for step, at, before, after, because, message_id, sent, author, reason in self.rows(
                service, query, instance.instance_id, instance.flow
            )
        ]

    def forget(self, service: str, keys: Iterable[str]) -> None:
        """They were written."""
        for key in keys:
            self._instances.pop((service, key), None)
            self._histories.pop((service, key), None)

    def deadlines(self, service: str, instance: InstanceRow) -> list[tuple[str, int]]:
        """The armed ones: timer's id, and the generation of the state that it is for."""
        return [(timer_id, body["generation"]) for timer_id, body in self._timers(service, instance)]

    def armed(self, service: str, instance: InstanceRow) -> list[str]:
        """The names of those of the present state."""
        here = instance.generation
        return sorted(b["deadline"] for _, b in self._timers(service, instance) if b["generation"] == here)

    def set_aside(self, service: str, instance: InstanceRow) -> list[str]:
        """The names of those of the present state that went off, and could not be handled yet: they are letters."""
        query = (
            "SELECT body FROM dead_letters"
            " WHERE status IN ('retrying', 'parked') AND headers LIKE '%saga.deadline-reached.%'"
        )
        mine = (instance.flow, instance.instance_id, instance.generation)
        bodies = [json.loads(body) for (body,) in self.rows(service, query)]
        return [b["deadline"] for b in bodies if (b["flow"], b["instance_id"], b["generation"]) == mine]

    def _timers(self, service: str, instance: InstanceRow) -> list[tuple[str, dict[str, Any]]]:
        bodies = self.rows(service, "SELECT timer_id, body FROM timers WHERE subject = ?", instance.subject)
        parsed = [(timer_id, json.loads(body)) for timer_id, body in bodies]
        mine = (instance.flow, instance.instance_id)
        return [(timer_id, body) for timer_id, body in parsed if (body["flow"], body["instance_id"]) == mine]

    # --- orders

    def order(self, order_id: str) -> OrderRow | None:
        return next((row for row in self.instances("order", order_id) if isinstance(row, OrderRow)), None)

    def order_ids(self) -> list[str]:
        return [row[0] for row in self.rows("order", "SELECT instance_id FROM saga_instances ORDER BY instance_id")]

    def orders_in(self, state: str) -> list[str]:
        query = (
            "SELECT instance_id FROM saga_instances WHERE state = ? OR state LIKE ? ORDER BY created_at, instance_id"
        )
        return [row[0] for row in self.rows("order", query, state, f"{state}/%")]

    # --- money

    def moved(self, reference: str) -> dict[str, int]:
        """What the ledger has booked for a reference, by kind: what came to its account, and what left it. A credit is
        below zero, and what we hold we owe.
        """
        query = (
            "SELECT kind, sum(amount) FROM ledger_entries"
            " WHERE reference = ? AND account LIKE 'held_for:%' GROUP BY kind"
        )
        booked = self.rows("payment", query, reference)
        return {kind: amount if kind in MONEY_OUT else -amount for kind, amount in booked}

    def received(self, reference: str) -> int:
        moved = self.moved(reference)
        return sum(moved.get(kind, 0) for kind in MONEY_IN)

    def refunded(self, reference: str) -> int:
        moved = self.moved(reference)
        return sum(moved.get(kind, 0) for kind in MONEY_OUT)

    def kept(self, reference: str) -> int:
        return self.received(reference) - self.refunded(reference)

    def asked(self, reference: str) -> int:
        """By card and by invoice, all attempts."""
        query = "SELECT data FROM saga_instances WHERE subject = ?"
        return sum(json.loads(data)["amount"]["amount"] for (data,) in self.rows("payment", query, reference))

    def calling_gateway(self, reference: str) -> bool:
        """What became of a call is not known yet, and is going to be asked: it is in flight."""
        query = "SELECT state FROM saga_instances WHERE subject = ? AND flow = 'payment'"
        states = {state.partition("/")[0] for (state,) in self.rows("payment", query, reference)}
        return bool(states & CALLING)

    def at_gateway(self, reference: str) -> tuple[int, int]:
        """Charged and refunded, as the gateway says."""
        charged = "SELECT coalesce(sum(amount), 0) FROM charges WHERE reference = ? AND declined IS NULL"
        refunded = "SELECT coalesce(sum(amount), 0) FROM refunds WHERE reference = ?"
        return self.value("gateway", charged, reference), self.value("gateway", refunded, reference)

    def payments(self, reference: str) -> list[InstanceRow]:
        """Of all its attempts."""
        query = f"{INSTANCE} WHERE subject = ? AND flow = 'payment' ORDER BY instance_id"
        return [InstanceRow.of(row) for row in self.rows("payment", query, reference)]

    def invoice(self, reference: str) -> InstanceRow | None:
        found = self.rows("payment", f"{INSTANCE} WHERE subject = ? AND flow = 'invoice'", reference)
        return InstanceRow.of(found[0]) if found else None

    # --- goods

    def reservation(self, reference: str) -> str | None:
        state: str | None = self.value("inventory", "SELECT state FROM reservations WHERE reference = ?", reference)
        return state

    def shipment(self, reference: str) -> str | None:
        state: str | None = self.value("shipping", "SELECT state FROM shipments WHERE reference = ?", reference)
        return state

    def cancelling(self, reference: str) -> bool:
        """A parcel that is to be cancelled, if that can still be helped."""
        query = "SELECT cancel_wished FROM shipments WHERE reference = ?"
        return bool(self.value("shipping", query, reference))


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
