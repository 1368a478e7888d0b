"""Consuming: a subscription for each queue that somebody receives from, made anew when it was lost."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence

from bus.topology import Topology
from bus.transport import Delivery
from bus.transports.rabbitmq.declaring import declare
from bus.transports.rabbitmq.link import Link
from bus.transports.rabbitmq.subscription import Subscription


class Consuming:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._topologies: dict[str, Topology] = {}  # by queue; the broker may have forgotten them when it is back
        self._subscriptions: dict[str, Subscription] = {}
        self._subscribing = asyncio.Lock()

    async def declare(self, topology: Topology) -> None:
        await declare(self._link, topology)
        self._topologies |= {queue.name: topology for queue in topology.queues}

    async def receive(self, queue: str, limit: int) -> list[Delivery]:
        async with self._subscribing:  # what a second subscription was sent ahead, nobody would take
            subscription = self._subscriptions.get(queue)
            if subscription is None or subscription.is_lost:
                subscription = await self._subscribe(queue)
        return await subscription.take(limit)

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        for subscription, numbers in by_subscription(deliveries):
            await subscription.ack(numbers)

    async def nack(self, deliveries: Sequence[Delivery]) -> None:
        for subscription, numbers in by_subscription(deliveries):
            await subscription.nack(numbers)

    async def close(self) -> None:
        for subscription in self._subscriptions.values():
            await subscription.close()

    async def _subscribe(self, queue: str) -> Subscription:
        if queue in self._topologies:
            await self.declare(self._topologies[queue])
        if queue in self._subscriptions:
            self._link.abandon(self._subscriptions.pop(queue).channel)
        channel = await self._link.open_channel()
        subscription = self._subscriptions[queue] = Subscription(queue, channel, self._link.user)
        await subscription.start()
        return subscription


def by_subscription(deliveries: Iterable[Delivery]) -> Iterable[tuple[Subscription, list[int]]]:
    found: defaultdict[Subscription, list[int]] = defaultdict(list)
    for delivery in deliveries:
        found[delivery.tag.subscription].append(delivery.tag.number)
    return found.items()
