"""What a service may do on the broker, and no more: as values."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bus.topology import commands_to, dead_queue, events_of, exchange_for
from bus.transport import Binding


@dataclass(frozen=True)
class Permissions:
    """Of the broker's user who is named after the service. Each is a regular expression for names, RabbitMQ's way."""

    user: str
    configure: str  # make, and remove
    write: str  # publish to an exchange, bind a queue
    read: str  # consume from a queue, bind to an exchange
    events: str  # the name of its exchange for events
    words: str  # the routing keys under which it may publish there


def permissions(service: str, bindings: Sequence[Binding], commands: Iterable[Binding]) -> Permissions:
    """It hears `bindings` and sends `commands` to others. Nobody else may say its events, or send what it sends."""
    events, obeyed = events_of(service).name, commands_to(service).name
    own = {service, dead_queue(service)}
    return Permissions(
        user=service,
        configure=any_of(own | {events, obeyed}),
        write=any_of(own | {events} | {exchange_for(command).name for command in commands}),
        read=any_of(own | {obeyed} | {exchange_for(binding).name for binding in bindings}),
        events=events,
        words=rf"^{re.escape(service)}\.",
    )


def any_of(names: Iterable[str]) -> str:
    return f"^({'|'.join(re.escape(name) for name in sorted(names))})$"
