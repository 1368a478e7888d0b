"""Makes a broker have what a topology says. What is there already, as wanted, stays as it is."""

from aio_pika.abc import AbstractChannel
from aiormq.exceptions import ChannelAccessRefused

from bus.errors import Unavailable
from bus.topology import Exchange, Queue, Route, Topology
from bus.transports.rabbitmq.link import Link, answered


async def declare(link: Link, topology: Topology) -> None:
    """Raises Unavailable, also if something is there with other arguments: the broker's sentence names it."""
    for exchange in topology.exchanges:
        await declare_exchange(link, exchange)
    async with link.channel() as channel:
        for queue in topology.queues:
            await declare_queue(channel, queue)
        for route in topology.routes:
            await bind(channel, route)


async def declare_exchange(link: Link, exchange: Exchange) -> None:
    """Where permissions are applied a service may not make the exchanges of others: then they must be there."""
    try:
        await _declare_exchange(link, exchange, passive=False)
    except Unavailable as error:
        if not isinstance(error.__cause__, ChannelAccessRefused):
            raise
        await _declare_exchange(link, exchange, passive=True)


async def _declare_exchange(link: Link, exchange: Exchange, *, passive: bool) -> None:
    async with link.channel() as channel, answered():  # the broker closes the channel with a refusal
        await channel.declare_exchange(exchange.name, exchange.kind, durable=True, passive=passive)


async def declare_queue(channel: AbstractChannel, queue: Queue) -> None:
    async with answered():
        await channel.declare_queue(queue.name, durable=True, arguments=dict(queue.arguments))


async def bind(channel: AbstractChannel, route: Route) -> None:
    async with answered():
        underlay = await channel.get_underlay_channel()
        await underlay.queue_bind(route.queue, route.exchange, route.routing_key)
