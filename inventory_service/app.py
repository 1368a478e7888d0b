"""The inventory service as a value."""

from bus.service import Service
from inventory_service.api import routes
from inventory_service.handlers import HANDLERS
from inventory_service.models import bus_tables, metadata


def service() -> Service:
    return Service(name="inventory", metadata=metadata, tables=bus_tables, handlers=HANDLERS, routes=routes)
