"""A service as a value: what it hears, does, says and keeps. Building one touches nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bus.errors import Poison
from bus.handler import Handler, Performer, Sweep
from bus.message import Command, Event, Message
from bus.tables import BusTables
from bus.transport import Binding

if TYPE_CHECKING:
    from fastapi import APIRouter

    from bus.access import Access

Check = Callable[[sa.Connection], None]  # raises Unfit


@dataclass(frozen=True)
class Service:
    name: str
    metadata: sa.MetaData  # every table of the service's database, the bus's among them
    tables: BusTables
    handlers: tuple[Handler, ...]
    performers: tuple[Performer, ...] = ()
    sweeps: tuple[Sweep, ...] = ()
    commands: tuple[type[Command], ...] = ()  # that it sends to others; where permissions are applied, no others
    checks: tuple[Check, ...] = ()  # of its database, before it starts
    routes: "Callable[[Access], APIRouter] | None" = field(default=None)

    @cached_property
    def _handlers(self) -> dict[type[Message], Handler]:
        by_message = {handler.message: handler for handler in self.handlers}
        if len(by_message) < len(self.handlers):
            raise ValueError(f"service {self.name}: a message has two handlers; let one function do both things")
        return by_message

    @cached_property
    def _messages(self) -> dict[str, type[Message]]:
        return {cls.wire_name: cls for cls in (*self._handlers, *(p.effect for p in self.performers))}

    def handler(self, message: type[Message]) -> Handler:
        return self._handlers[message]

    def performer(self, wire_name: str) -> Performer:
        return next(p for p in self.performers if p.effect.wire_name == wire_name)

    def message_class(self, wire_name: str) -> type[Message]:
        """Raises Poison if this service hears no such message."""
        try:
            return self._messages[wire_name]
        except KeyError:
            raise Poison(f"{self.name} does not handle {wire_name!r}") from None

    def bindings(self) -> tuple[Binding, ...]:
        """The commands and events that this service consumes."""
        heard = [cls for cls in self._handlers if issubclass(cls, Command | Event)]
        return tuple(Binding(cls.wire_name, command=issubclass(cls, Command)) for cls in heard)
