"""One process's connection to the broker: a transport that fails when told to."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from bus.envelope import Envelope
from bus.errors import Unavailable, Unroutable
from bus.transport import Binding, Delivery
from minuet.simulation.courier import Courier
from minuet.simulation.faults import Faults

PUBLISH_SECONDS = 0.001
MARK_SECONDS = 0.05  # within which a confirmed message is marked
HANDLING_SECONDS = 0.01
HALF = 0.5  # of what is nacked is in its queue all the same
UNBOUND_SECONDS = 20.0  # the longest that a queue is cut off from what it is for


class Connection:
    """Knows what its process holds, and gives it back when the process is gone."""

    def __init__(
        self,
        courier: Courier,
        service: str,
        faults: Faults,
        crash: Callable[[], None],
        stop: Callable[[], None],
        told: Callable[[str, str], None],
    ) -> None:
        self._broker = courier.broker
        self._unbound = courier.unbound
        self._service = service
        self._faults = faults
        self._crash = crash
        self._stop = stop
        self._told = told
        self._lost = False
        self._dead = False
        self.held: dict[Any, Delivery] = {}

    async def declare(self, queue: str, bindings: Sequence[Binding]) -> None:
        await self._broker.declare(queue, bindings)

    async def publish(self, batch: Sequence[Envelope]) -> list[Exception | None]:
        self._must_work()
        await asyncio.sleep(PUBLISH_SECONDS)
        if self._strikes("broker-away"):
            raise Unavailable("the broker is away")
        verdicts = [await self._publish(envelope) for envelope in batch]
        if self._strikes("crash-before-confirm"):
            self._die()
        hard = self._faults.strike("crash-before-mark", self._service)
        if hard is not None:
            asyncio.get_running_loop().call_later(MARK_SECONDS * hard, self._crash)
        return verdicts

    async def _publish(self, envelope: Envelope) -> Exception | None:
        if envelope.command:
            self._strike_binding(envelope.type)
        if self._is_unbound(envelope.type):  # nobody is told of what is not said to be a command
            return Unroutable.of(envelope.type) if envelope.command else None
        hard = self._faults.strike("nack", self._service)
        copies = 0 if hard is not None and hard < HALF else 2 if self._strikes("duplicate") else 1
        verdicts = await self._broker.publish([envelope] * copies)
        return Unavailable("nacked") if hard is not None else verdicts[-1]

    def _strike_binding(self, command: str) -> None:
        hard = self._faults.strike("unroutable", self._service)
        if hard is not None:
            until = asyncio.get_running_loop().time() + UNBOUND_SECONDS * hard
            self._unbound[command] = max(until, self._unbound.get(command, 0.0))

    def _is_unbound(self, command: str) -> bool:
        return not self._faults.healed and self._unbound.get(command, 0.0) > asyncio.get_running_loop().time()

    async def receive(self, queue: str, limit: int) -> list[Delivery]:
        self._must_work()
        deliveries = await self._broker.receive(queue, limit)
        for delivery in deliveries:
            self.held[delivery.tag] = delivery
            self._told(self._service, f"hears {delivery.headers.get('ce-type')} {delivery.headers.get('ce-id')}")
        for kind, befalls in (("connection-lost", self.lose), ("stopped", self._stop)):
            hard = self._faults.strike(kind, self._service)
            if hard is not None:
                asyncio.get_running_loop().call_later(HANDLING_SECONDS * hard**3, befalls)  # most often soon
        return deliveries

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        if not deliveries:
            return
        self._must_work()
        if self._strikes("crash-before-ack"):
            self._die()
        await self._broker.ack(deliveries)
        self._let_go(deliveries)

    async def nack(self, deliveries: Sequence[Delivery]) -> None:
        self._must_work()
        await self._broker.nack(deliveries)
        self._let_go(deliveries)

    async def check(self) -> None:
        self._must_work()

    async def close(self) -> None:
        """Nothing of its own to close."""

    def lose(self) -> None:
        """What was in hand is delivered again, and the next that is asked for fails."""
        held = list(self.held.values())
        self.held.clear()
        self._lost = True
        self._broker.give_back(held)

    def cut(self) -> None:
        """For good: its process is dead."""
        self._dead = True
        self.lose()

    def _let_go(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self.held.pop(delivery.tag, None)

    def _strikes(self, kind: str) -> bool:
        return self._faults.strike(kind, self._service) is not None

    def _die(self) -> None:
        self._crash()
        raise asyncio.CancelledError

    def _must_work(self) -> None:
        if self._dead:
            raise asyncio.CancelledError
        if self._lost:
            self.lose()  # what came in meanwhile too
            self._lost = False
            raise Unavailable("the connection to the broker was lost")
