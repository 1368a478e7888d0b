"""The shipping service as a value."""

from bus.service import Service
from shipping_service.api import routes
from shipping_service.carrier import PERFORMERS
from shipping_service.handlers import HANDLERS
from shipping_service.jobs import SWEEPS
from shipping_service.models import bus_tables, metadata


def service() -> Service:
    return Service(
        name="shipping",
        metadata=metadata,
        tables=bus_tables,
        handlers=HANDLERS,
        performers=PERFORMERS,
        sweeps=SWEEPS,
        routes=routes,
    )
