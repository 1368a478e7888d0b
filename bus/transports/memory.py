"""A transport in memory, for simulation and tests. It carries bytes, so what cannot be written down cannot be sent.

What is delivered next is the caller's to decide: in another sequence, twice, or not yet.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bus.envelope import Envelope
from bus.errors import Unroutable
from bus.transport import Binding, Delivery


@dataclass(frozen=True)
class Waiting:
    """A message in a queue, as bytes."""

    number: int  # counts what was ever put into any queue
    queue: str
    headers: bytes
    body: bytes

    def delivery(self, lease: int) -> Delivery:
        return Delivery(self.queue, json.loads(self.headers), self.body, Tag(self.number, lease))


@dataclass(frozen=True)
class Tag:
    number: int
    lease: int  # which delivery of the message this was


Choice = Callable[[Sequence[Waiting]], Sequence[Waiting]]


def everything_in_sequence(waiting: Sequence[Waiting]) -> Sequence[Waiting]:
    return waiting


class MemoryTransport:
    """`choose` is given what waits in a queue and returns what is delivered now, in that sequence.

    One that it returns twice is delivered twice; what it leaves out waits for the next time.
    """

    def __init__(self, choose: Choice = everything_in_sequence) -> None:
        self.choose = choose
        self._bindings: dict[str, frozenset[str]] = {}
        self._waiting: defaultdict[str, dict[int, Waiting]] = defaultdict(dict)
        self._taken: dict[Tag, Waiting] = {}
        self._numbers = 0
        self._leases = 0
        self._arrived: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def declare(self, queue: str, bindings: Sequence[Binding]) -> None:
        known = self._bindings.get(queue, frozenset())
        self._bindings[queue] = known | {binding.wire_name for binding in bindings}

    async def publish(self, batch: Sequence[Envelope]) -> list[Exception | None]:
        return [self._route(envelope) for envelope in batch]

    async def receive(self, queue: str, limit: int) -> list[Delivery]:
        while True:
            self._arrived[queue].clear()
            found = self.take(queue, limit)
            if found:
                return found
            await self._arrived[queue].wait()

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self._taken.pop(delivery.tag, None)

    async def nack(self, deliveries: Sequence[Delivery]) -> None:
        self.give_back(deliveries)

    async def check(self) -> None:
        """It is always there."""

    async def close(self) -> None:
        """Nothing to close; what waits is lost with the object."""

    def take(self, queue: str, limit: int) -> list[Delivery]:
        """What is delivered now, without waiting for anything."""
        waiting = sorted(self._waiting[queue].values(), key=lambda message: message.number)
        chosen = list(self.choose(waiting))[:limit] if waiting else []
        for message in chosen:
            self._waiting[queue].pop(message.number, None)
        return [self._lend(message) for message in chosen]

    def waiting(self, queue: str) -> int:
        """How many messages nobody has taken."""
        return len(self._waiting[queue])

    def wake(self, queue: str) -> None:
        """Ask `choose` again: what it left out may be delivered by now."""
        self._arrived[queue].set()

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Whoever held these is gone: what was not acknowledged is there again."""
        self._give_back([delivery.tag for delivery in deliveries])

    def lose_connection(self, queue: str) -> None:
        """Whoever consumed from the queue is gone: what was not acknowledged is there again."""
        self._give_back([tag for tag, message in self._taken.items() if message.queue == queue])

    def _route(self, envelope: Envelope) -> Exception | None:
        queues = [queue for queue, names in self._bindings.items() if envelope.type in names]
        for queue in queues:
            self._numbers += 1
            headers = json.dumps(envelope.headers()).encode()
            self._put(Waiting(self._numbers, queue, headers, envelope.body))
        return None if queues or not envelope.command else Unroutable.of(envelope.type)

    def _put(self, message: Waiting) -> None:
        self._waiting[message.queue][message.number] = message
        self._arrived[message.queue].set()

    def _lend(self, message: Waiting) -> Delivery:
        self._leases += 1
        delivery = message.delivery(self._leases)
        self._taken[delivery.tag] = message
        return delivery

    def _give_back(self, tags: Sequence[Tag]) -> None:
        for tag in tags:
            message = self._taken.pop(tag, None)
            if message is not None:
                self._put(message)
