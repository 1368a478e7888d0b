"""What clients see of shipments and jobs."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bus.envelope import rfc3339
from bus.errors import Refused
from shipping_service.models import shipments
from shipping_service.shipment import Shipment


def shipment(connection: sa.Connection, reference: str) -> dict[str, Any]:
    """Raises Refused with status 404."""
    row = connection.execute(sa.select(shipments).where(shipments.c.reference == reference)).first()
    if row is None:
        raise Refused(f"there is no shipment for {reference!r}", 404)
    return standing(Shipment(**row._mapping))


def standing(shipment: Shipment) -> dict[str, Any]:
    """Whom it is for is for whoever holds the job alone."""
    return {
        "reference": shipment.reference,
        "shipment_id": shipment.shipment_id,
        "job_id": shipment.shipment_id,
        "state": shipment.state,
        "cancel_wished": shipment.cancel_wished,
        "carrier": shipment.carrier,
        "lease_until": moment(shipment.lease_until),
        "tracking_number": shipment.tracking_number,
        "reason": shipment.reason,
    }


def job(shipment: Shipment) -> dict[str, Any]:
    """What a worker needs to know."""
    return {
        "job_id": shipment.shipment_id,
        "reference": shipment.reference,
        "pick_id": shipment.pick_id,
        "recipient": shipment.recipient,
        "lease_until": moment(shipment.lease_until),
    }


def moment(machine: float | None) -> str | None:
    return None if machine is None else rfc3339(datetime.fromtimestamp(machine, UTC))
