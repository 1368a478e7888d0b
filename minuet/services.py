"""Every service by name, with the port that it has when it is started alone."""

from collections.abc import Sequence

import inventory_service.app
import order_service.app
import payment_service.app
import shipping_service.app
from bus.service import Service
from payment_service.gateway import Client, Gateway

NAMES = ("order", "payment", "inventory", "shipping")
GATEWAY = "gateway"  # the sandbox: no service of the bus, but started by name like one
ALL = (*NAMES, GATEWAY)
PORTS = {"order": 8081, "payment": 8082, "inventory": 8083, "shipping": 8084, GATEWAY: 8090}
PORT_OF_ALL = 8080


class UnknownService(Exception):
    @classmethod
    def among(cls, unknown: Sequence[str], known: Sequence[str]) -> "UnknownService":
        return cls(f"there is no service {', '.join(unknown)}; there are {', '.join(known)}")


def chosen(names: Sequence[str]) -> tuple[str, ...]:
    """Those to run in this process: all if none is named. Raises UnknownService, naming those that there are."""
    unknown = [name for name in names if name not in ALL]
    if unknown:
        raise UnknownService.among(unknown, ALL)
    return tuple(dict.fromkeys(names)) or ALL


def port_of(names: Sequence[str]) -> int:
    """The default port of a process that was told to run these."""
    return PORTS[names[0]] if names else PORT_OF_ALL


def build(names: Sequence[str], gateway: Client) -> list[Service]:
    """The services as values."""
    makers = {
        "order": order_service.app.service,
        "payment": lambda: payment_service.app.service(Gateway(gateway)),
        "inventory": inventory_service.app.service,
        "shipping": shipping_service.app.service,
    }
    return [makers[name]() for name in names if name in makers]
