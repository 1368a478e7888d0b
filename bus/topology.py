"""What a broker must have for a service: exchanges, queues and bindings, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bus.transport import Binding

DELIVERY_LIMIT = 20  # a crash counts against all that was in hand, so not too low; none is the default before 4.0


@dataclass(frozen=True)
class Exchange:
    name: str
    kind: str  # topic | direct | fanout


@dataclass(frozen=True)
class Queue:
    name: str
    arguments: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """What comes to `exchange` under `routing_key` goes to `queue`."""

    exchange: str
    queue: str
    routing_key: str


@dataclass(frozen=True)
class Topology:
    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    routes: tuple[Route, ...]


def events_of(service: str) -> Exchange:
    return Exchange(f"{service}.events", "topic")


def commands_to(service: str) -> Exchange:
    return Exchange(f"{service}.commands", "direct")


def dead_queue(queue: str) -> str:
    return f"{queue}.dead"


def exchange_for(message: Binding) -> Exchange:
    """Where such a message is published."""
    return commands_to(message.owner) if message.command else events_of(message.owner)


def topology(service: str, bindings: Sequence[Binding]) -> Topology:
    """All that `service` publishes to as its own, consumes from, and is bound to, and what it gives up goes to."""
    dead = dead_queue(service)
    heard = {exchange_for(binding): None for binding in bindings}
    own = {events_of(service): None, commands_to(service): None, Exchange(dead, "fanout"): None}
    return Topology(
        exchanges=tuple(own | heard),
        queues=(Queue(dead, {"x-queue-type": "quorum"}), Queue(service, arguments(dead))),
        routes=(
            Route(dead, dead, ""),
            *(Route(exchange_for(binding).name, service, binding.wire_name) for binding in bindings),
        ),
    )


def arguments(dead: str) -> dict[str, str | int]:
    """At least once, also into the dead queue; that takes a queue that rejects rather than drops when it is full."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": dead,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
