"""The shipping service over HTTP."""

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Path

from bus.access import Access
from bus.errors import Refused
from shipping_service.models import shipments

Key = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


def routes(access: Access) -> APIRouter:
    router = APIRouter(tags=["shipping"])

    @router.get("/shipments/{reference}")
    def show_shipment(reference: Key) -> dict[str, Any]:
        with access.read() as connection:
            return one(connection, reference)

    return router


def one(connection: sa.Connection, reference: str) -> dict[str, Any]:
    """Raises Refused with status 404."""
    row = connection.execute(sa.select(shipments).where(shipments.c.reference == reference)).first()
    if row is None:
        raise Refused(f"there is no shipment for {reference!r}", 404)
    return {
        "reference": row.reference,
        "shipment_id": row.shipment_id,
        "state": row.state,
        "carrier": row.carrier,
        "tracking_number": row.tracking_number,
        "reason": row.reason,
    }
