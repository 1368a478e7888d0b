"""Every service by name, in the order of their default ports."""

from collections.abc import Sequence

import httpx

import inventory_service.app
import order_service.app
import payment_service.app
import shipping_service.app
from bus.service import Service
from payment_service.gateway import Gateway

NAMES = ("order", "payment", "inventory", "shipping")


class UnknownService(Exception):
    pass


def build(names: Sequence[str], gateway: httpx.AsyncClient) -> list[Service]:
    """The services as values. Raises UnknownService, naming those that there are."""
    makers = {
        "order": order_service.app.service,
        "payment": lambda: payment_service.app.service(Gateway(gateway)),
        "inventory": inventory_service.app.service,
        "shipping": shipping_service.app.service,
    }
    unknown = [name for name in names if name not in makers]
    if unknown:
        raise UnknownService(f"there is no service {', '.join(unknown)}; there are {', '.join(makers)}")
    return [makers[name]() for name in names]
