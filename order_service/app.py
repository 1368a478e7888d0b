"""The order service as a value."""

from bus.service import Service
from order_service.api import routes
from order_service.handlers import HANDLERS, ORDERS
from order_service.models import bus_tables, metadata
from order_service.neighbours import COMMANDS
from saga.fitness import knows_all


def service() -> Service:
    return Service(
        name="order",
        metadata=metadata,
        tables=bus_tables,
        handlers=HANDLERS,
        commands=COMMANDS,
        checks=(knows_all(ORDERS),),
        routes=routes,
    )
