"""The business decisions about shipments: plain functions, without database, clock or ids."""

from dataclasses import replace

from shipping_service.messages import (
    GoodsShipped,
    ParcelRefused,
    ParcelTaken,
    ShipmentCancellationRefused,
    ShipmentCancelled,
    ShipmentFailed,
    ShippingEvent,
)
from shipping_service.shipment import Shipment


def tombstone(reference: str) -> Shipment:
    """Cancelled before it was asked for: it never will be shipped."""
    return Shipment(reference, "cancelled")


def cancel_noted(shipment: Shipment) -> Shipment:
    """What is with the carrier may have been taken already, so only the wish is noted. A decision stands."""
    return replace(shipment, cancel_wished=True) if shipment.state == "with_carrier" else shipment


def taken(shipment: Shipment, report: ParcelTaken) -> Shipment:
    return replace(shipment, state="shipped", carrier=report.carrier, tracking_number=report.tracking_number)


def refused(shipment: Shipment, report: ParcelRefused) -> Shipment:
    return replace(shipment, state="cancelled" if shipment.cancel_wished else "failed", reason=report.reason)


def decision(shipment: Shipment) -> list[ShippingEvent]:
    """What was decided; nothing while it is undecided."""
    match shipment.state:
        case "with_carrier":
            return []
        case "shipped":
            return [shipped(shipment)]
        case "failed":
            return [ShipmentFailed(reference=shipment.reference, reason=shipment.reason)]
        case "cancelled":
            return [ShipmentCancelled(reference=shipment.reference)]


def answer_to_cancel(shipment: Shipment) -> list[ShippingEvent]:
    """Refused only if it was shipped: one that failed, failed."""
    if shipment.state == "shipped":
        return [ShipmentCancellationRefused(reference=shipment.reference)]
    return decision(shipment)


def shipped(shipment: Shipment) -> GoodsShipped:
    return GoodsShipped(
        reference=shipment.reference,
        shipment_id=shipment.shipment_id,
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
    )
