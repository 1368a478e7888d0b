"""What all services need on RabbitMQ: printed, and declared without starting any of them."""

from collections.abc import Iterable, Iterator

import httpx

from bus.service import Service
from bus.topology import Topology, topology
from minuet import services
from minuet.transports import rabbitmq


def of_all() -> list[Service]:
    """Only asked what they hear: nothing is charged."""
    return services.build(services.NAMES, httpx.AsyncClient())


def topologies() -> list[Topology]:
    return [topology(service.name, service.bindings()) for service in of_all()]


def lines(needed: Iterable[Topology]) -> Iterator[str]:
    """A line for each thing, each once, and those of a kind together."""
    found = list(needed)
    exchanges = dict.fromkeys(exchange for one in found for exchange in one.exchanges)
    yield from (f"exchange  {exchange.name:<20}  {exchange.kind}" for exchange in exchanges)
    for queue in (queue for one in found for queue in one.queues):
        arguments = "  ".join(f"{name}={value}" for name, value in queue.arguments.items())
        yield f"queue     {queue.name:<20}  {arguments}"
    for route in (route for one in found for route in one.routes):
        yield f"binding   {route.queue:<20}  ← {route.exchange:<20}  {route.routing_key}".rstrip()


async def apply(url: str) -> None:
    """What is there already, as wanted, stays as it is. Raises Unavailable."""
    transport = rabbitmq(url)
    try:
        for service in of_all():
            await transport.declare(service.name, service.bindings())
    finally:
        await transport.close()
