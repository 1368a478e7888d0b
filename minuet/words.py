"""Every message that the services publish or obey, by their own declarations."""

from types import ModuleType

import inventory_service.messages
import order_service.messages
import payment_service.messages
import shipping_service.messages
from bus.message import Command, Event, Message

MODULES = (order_service.messages, payment_service.messages, inventory_service.messages, shipping_service.messages)


def public_messages() -> list[type[Message]]:
    return [cls for module in MODULES for cls in declared_in(module)]


def declared_in(module: ModuleType) -> list[type[Message]]:
    """The commands and events of a module, without the bases that others are made of."""
    classes = [
        value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Command | Event)
    ]
    own = [cls for cls in classes if cls.__module__ == module.__name__]
    return [cls for cls in own if not any(cls in other.__bases__ for other in own)]
