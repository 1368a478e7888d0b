"""Makes a broker have what a topology says. What is there already, as wanted, stays as it is."""

from aio_pika.abc import AbstractChannel

from bus.topology import Exchange, Queue, Route, Topology
from bus.transports.rabbitmq.link import answered


async def declare(channel: AbstractChannel, topology: Topology) -> None:
    """Raises Unavailable, also if something is there with other arguments: the broker's sentence names it."""
    for exchange in topology.exchanges:
        await declare_exchange(channel, exchange)
    for queue in topology.queues:
        await declare_queue(channel, queue)
    for route in topology.routes:
        await bind(channel, route)


async def declare_exchange(channel: AbstractChannel, exchange: Exchange) -> None:
    async with answered():
        await channel.declare_exchange(exchange.name, exchange.kind, durable=True)


async def declare_queue(channel: AbstractChannel, queue: Queue) -> None:
    async with answered():
        await channel.declare_queue(queue.name, durable=True, arguments=dict(queue.arguments))


async def bind(channel: AbstractChannel, route: Route) -> None:
    async with answered():
        underlay = await channel.get_underlay_channel()
        await underlay.queue_bind(route.queue, route.exchange, route.routing_key)
