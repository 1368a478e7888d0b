"""Messages for the conformance suite. Every test has an owner of its own, so that a broker may be shared."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from bus.envelope import Envelope
from bus.errors import Unavailable
from bus.transport import Binding, Delivery, Transport

PATIENCE_SECONDS = 10.0


@dataclass
class Words:
    """One owner's events and commands."""

    owner: str = field(default_factory=lambda: f"owner{uuid4().hex[:12]}")

    def queue(self, name: str) -> str:
        return f"{self.owner}-{name}"

    def wire_name(self, what: str) -> str:
        return f"{self.owner}.{what}.v1"

    def event(self, what: str = "happened") -> Binding:
        return Binding(self.wire_name(what), command=False)

    def command(self, what: str = "do") -> Binding:
        return Binding(self.wire_name(what), command=True)

    def envelope(self, binding: Binding, number: int = 0, *, message_id: str | None = None) -> Envelope:
        return Envelope(
            id=message_id or str(uuid4()),
            type=binding.wire_name,
            source=f"/minuet/{self.owner}",
            time="2026-01-01T00:00:00.000000Z",
            subject=f"subject {number}",
            correlation_id="correlation",
            causation_id="causation",
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            body=json.dumps({"number": number}).encode(),
            command=binding.command,
        )


async def receive(transport: Transport, queue: str, count: int, *, limit: int = 100) -> list[Delivery]:
    """Exactly `count` deliveries, in however many batches they come."""
    found: list[Delivery] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(found) < count:
            batch = await transport.receive(queue, min(limit, count - len(found)))
            assert len(batch) <= limit
            found += batch
    return found


def numbers(deliveries: Sequence[Delivery]) -> list[int]:
    return [json.loads(delivery.body)["number"] for delivery in deliveries]


async def is_empty(transport: Transport, queue: str, words: Words) -> bool:
    """Nothing is in the queue: what is published now is what comes next."""
    marker = Binding(words.wire_name("marker"), command=False)
    await transport.declare(queue, [marker])
    await transport.publish([words.envelope(marker, 999)])
    [last] = await receive(transport, queue, 1)
    await transport.ack([last])
    return numbers([last]) == [999]


async def until(goes_through: Callable[[], Awaitable[bool]], seconds: float = PATIENCE_SECONDS) -> None:
    """Ask again and again, as whoever waits for a broker does. To be told that it is away is an answer."""
    async with asyncio.timeout(seconds):
        while not await answer(goes_through):  # noqa: ASYNC110  (nobody here could set an event)
            await asyncio.sleep(0.05)


async def answer(goes_through: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await goes_through()
    except Unavailable:
        return False
