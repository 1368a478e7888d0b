"""The payment service as a value."""

from bus.service import Service
from payment_service.api import routes
from payment_service.gateway import Gateway
from payment_service.handlers import HANDLERS, INVOICES, PAYMENTS
from payment_service.models import bus_tables, metadata
from payment_service.performers import performers
from saga.fitness import knows_all


def service(gateway: Gateway) -> Service:
    return Service(
        name="payment",
        metadata=metadata,
        tables=bus_tables,
        handlers=HANDLERS,
        performers=performers(gateway),
        checks=(knows_all(PAYMENTS, INVOICES),),
        routes=routes,
    )
