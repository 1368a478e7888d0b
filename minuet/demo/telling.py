"""Tells who said what to whom, on which virtual day, and why the flow moved: by listening to the bus like anybody."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console

from bus.envelope import Envelope
from bus.message import Command
from bus.service import Service
from bus.transport import Binding, Transport
from minuet.demo.shop import Shop
from minuet.words import public_messages

QUEUE = "demo"


class Telling:
    """A passive subscriber with a queue of its own."""

    def __init__(self, transport: Transport, shop: Shop, services: Sequence[Service], console: Console) -> None:
        self._transport = transport
        self._shop = shop
        self._console = console
        self._names = {cls.wire_name: cls.__name__ for cls in public_messages()}
        self._listeners = {name: listeners(name, services) for name in self._names}
        self._told: dict[str, int] = {}
        self.said: defaultdict[str, list[str]] = defaultdict(list)  # names of messages, by order

    async def subscribe(self) -> None:
        bindings = [Binding(cls.wire_name, issubclass(cls, Command)) for cls in public_messages()]
        await self._transport.declare(QUEUE, bindings)

    async def run(self) -> None:
        while True:
            deliveries = await self._transport.receive(QUEUE, 100)
            for delivery in deliveries:
                envelope = Envelope.parse(delivery.headers, delivery.body)
                await self._tell_moves(envelope.correlation_id, because_of=envelope.causation_id)
                self._tell_message(envelope)
            await self._transport.ack(deliveries)

    def say(self, text: str, style: str = "") -> None:
        self._console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)

    async def finish(self, order_id: str) -> None:
        """The last moves of an order, which may have sent nothing."""
        history = await self._history(order_id)
        self._tell_moves_up_to(len(history), order_id, history)

    async def _tell_moves(self, order_id: str, because_of: str) -> None:
        """The moves up to the one that sent what is told next: a move comes after its message, before what it sends."""
        history = await self._history(order_id)
        sending = [number for number, move in enumerate(history, 1) if move["message_id"] == because_of]
        self._tell_moves_up_to(max(sending, default=0), order_id, history)

    async def _history(self, order_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._shop.order(order_id))["history"]
        return found

    def _tell_moves_up_to(self, last: int, order_id: str, history: Sequence[dict[str, Any]]) -> None:
        for move in history[self._told.get(order_id, 0) : last]:
            arrow = f"{move['from']} → {move['to']}" if move["from"] != move["to"] else f"stays {move['to']}"
            self.say(f"{self._day(move['at'])}  ● order: {arrow}, because {move['because']}", "bold")
        self._told[order_id] = max(last, self._told.get(order_id, 0))

    def _tell_message(self, envelope: Envelope) -> None:
        self.said[envelope.correlation_id].append(self._names[envelope.type])
        sender = envelope.source.rpartition("/")[2]
        heard_by = ", ".join(self._listeners[envelope.type]) or "whoever listens"
        what = details(json.loads(envelope.body))
        self.say(f"{self._day(envelope.time)}      {sender:>9} → {heard_by:<18} {self._names[envelope.type]}{what}")

    def _day(self, at: str) -> str:
        passed = datetime.fromisoformat(at) - self._shop.opened
        return f"day {passed.days:>2} {clock_text(passed)}"


def listeners(wire_name: str, services: Sequence[Service]) -> list[str]:
    return [service.name for service in services if any(b.wire_name == wire_name for b in service.bindings())]


def clock_text(passed: timedelta) -> str:
    minutes = passed.seconds // 60
    return f"{minutes // 60:02}:{minutes % 60:02}"


def details(body: dict[str, Any]) -> str:
    """The part of a message that a person wants to see."""
    parts = [money(body[field]) for field in ("total", "amount") if isinstance(body.get(field), dict)]
    parts += [f"{item['quantity']} × {item['sku']}" for item in body.get("items", ())]
    parts += [f"{m['sku']}: {m['wanted']} wanted, {m['available']} there" for m in body.get("missing", ())]
    parts += [str(body[field]) for field in ("tracking_number", "reason") if body.get(field)]
    return f" ({', '.join(parts)})" if parts else ""


def money(value: dict[str, Any]) -> str:
    return f"{value['amount'] / 100:.2f} {value['currency']}"
