"""The transport: what the protocol asks for, by a connection that publishes and one that consumes."""

from collections.abc import Sequence

from bus.envelope import Envelope
from bus.topology import dead_queue, topology
from bus.transport import Binding, Delivery
from bus.transports.rabbitmq import unreadable_properties
from bus.transports.rabbitmq.consuming import Consuming
from bus.transports.rabbitmq.link import Link
from bus.transports.rabbitmq.publishing import Publishing


class RabbitTransport:
    def __init__(self, url: str) -> None:
        """Nothing is connected yet."""
        unreadable_properties.tolerate()
        self._links = Link(url, "minuet publishes"), Link(url, "minuet consumes")
        self._publishing = Publishing(self._links[0])
        self._consuming = Consuming(self._links[1])

    async def declare(self, queue: str, bindings: Sequence[Binding]) -> None:
        await self._consuming.declare(topology(queue, bindings))

    def dead_queue(self, queue: str) -> str:
        return dead_queue(queue)

    async def publish(self, batch: Sequence[Envelope]) -> list[Exception | None]:
        return await self._publishing.publish(batch)

    async def receive(self, queue: str, limit: int) -> list[Delivery]:
        return await self._consuming.receive(queue, limit)

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        await self._consuming.ack(deliveries)

    async def nack(self, deliveries: Sequence[Delivery]) -> None:
        await self._consuming.nack(deliveries)

    async def check(self) -> None:
        """Raises Unavailable unless the broker answers on both connections."""
        for link in self._links:
            await link.check()

    async def close(self) -> None:
        await self._consuming.close()
        for link in self._links:
            await link.close()
