"""Who writes and who reads which message, by the services' own declarations.

Services keep private copies of each other's words. All that they share is the wire name, so that is what pairs them.
"""

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from bus.message import Command, Event, Message

SERVICES = ("order", "payment", "inventory", "shipping")


@dataclass(frozen=True)
class Pair:
    writer: type[Message]
    reader: type[Message]

    def __str__(self) -> str:
        return f"{self.writer.wire_name}, {service_of(self.writer)} → {service_of(self.reader)}"


def declared() -> list[type[Message]]:
    """Every command and event that a service declares, its own and its view of the neighbours'."""
    return [cls for service in SERVICES for module in modules_of(service) for cls in messages_in(module)]


def modules_of(service: str) -> list[ModuleType]:
    names = [f"{service}_service.messages", f"{service}_service.neighbours"]
    found = []
    for name in names:
        try:
            found.append(import_module(name))
        except ModuleNotFoundError as error:  # not every service has neighbours
            if error.name != name:
                raise
    return found


def messages_in(module: ModuleType) -> list[type[Message]]:
    """Without the bases that others are made of."""
    own = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Command | Event) and value.__module__ == module.__name__
    ]
    return [cls for cls in own if not any(cls in other.__bases__ for other in own)]


def pairs() -> list[Pair]:
    """An event is written by its owner and read by others; a command is written by others and read by its owner."""
    return [
        Pair(owned, other) if issubclass(owned, Event) else Pair(other, owned)
        for owned in declared()
        for other in declared()
        if service_of(owned) == owned.owner and other.wire_name == owned.wire_name and other is not owned
    ]


def service_of(cls: type[Message]) -> str:
    """The service that declares the class."""
    return cls.__module__.partition("_service")[0]
