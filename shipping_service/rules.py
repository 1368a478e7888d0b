"""The business decisions about shipments: plain functions, without database, clock or ids."""

from dataclasses import replace
from typing import Any

from shipping_service.messages import (
    GoodsShipped,
    HandToCarrier,
    ShipGoods,
    ShipmentCancellationRefused,
    ShipmentCancelled,
    ShipmentFailed,
    ShippingEvent,
)
from shipping_service.shipment import Shipment, State


def asked(command: ShipGoods, shipment_id: str, machine: float) -> Shipment:
    """Nobody has it yet."""
    return Shipment(
        command.reference,
        "pending",
        shipment_id,
        pick_id=command.pick_id,
        recipient=command.recipient.model_dump(),
        queued_at=machine,
    )


def tombstone(reference: str) -> Shipment:
    """Cancelled before it was asked for: it never will be shipped."""
    return Shipment(reference, "cancelled")


# --- in whose hands


def pushed(shipment: Shipment) -> Shipment:
    return replace(shipment, state="with_carrier", queued_at=None)


def leased(shipment: Shipment, worker: str, until: float) -> Shipment:
    return replace(shipment, state="leased", queued_at=None, carrier=worker, lease_until=until)


def lease_is_over(shipment: Shipment, machine: float) -> bool:
    return shipment.lease_until is not None and shipment.lease_until <= machine


def holds(worker: str, shipment: Shipment, machine: float) -> bool:
    """Whether it is for this worker, now, to say what becomes of the parcel."""
    return shipment.state == "leased" and shipment.carrier == worker and not lease_is_over(shipment, machine)


def given_back(shipment: Shipment, machine: float) -> Shipment:
    """Its lease is over: never handed out again if it was to be cancelled."""
    if shipment.cancel_wished:
        return decided(shipment, "cancelled", carrier=None)
    return replace(shipment, state="pending", queued_at=machine, carrier=None, lease_until=None)


# --- the decision


def cancel_noted(shipment: Shipment, machine: float) -> Shipment:
    """What is in a carrier's hands may have been taken already, so only the wish is noted. A decision stands."""
    match shipment.state:
        case "pending":
            return decided(shipment, "cancelled")
        case "leased" if lease_is_over(shipment, machine):
            return decided(shipment, "cancelled", carrier=None)
        case "leased" | "with_carrier":
            return replace(shipment, cancel_wished=True)
        case "shipped" | "failed" | "cancelled":
            return shipment


def taken(shipment: Shipment, carrier: str, tracking_number: str) -> Shipment:
    return decided(shipment, "shipped", carrier=carrier, tracking_number=tracking_number)


def refused(shipment: Shipment, reason: str) -> Shipment:
    return decided(shipment, "cancelled" if shipment.cancel_wished else "failed", reason=reason)


def decided(shipment: Shipment, state: State, **facts: Any) -> Shipment:
    """Whom it was for is nobody's business any more."""
    return replace(shipment, state=state, recipient=None, queued_at=None, lease_until=None, **facts)


# --- what is said of it


def parcel(shipment: Shipment) -> HandToCarrier:
    return HandToCarrier(
        reference=shipment.reference,
        shipment_id=shipment.shipment_id,
        pick_id=shipment.pick_id,
        recipient=shipment.recipient,
    )


def decision(shipment: Shipment) -> list[ShippingEvent]:
    """What was decided; nothing while it is undecided."""
    match shipment.state:
        case "pending" | "leased" | "with_carrier":
            return []
        case "shipped":
            return [shipped(shipment)]
        case "failed":
            return [ShipmentFailed(reference=shipment.reference, reason=shipment.reason)]
        case "cancelled":
            return [ShipmentCancelled(reference=shipment.reference)]


def report(shipment: Shipment) -> list[ShippingEvent]:
    """The decision, and that it came too late to cancel if that was wished."""
    late = shipment.state == "shipped" and shipment.cancel_wished
    return [*decision(shipment), *(answer_to_cancel(shipment) if late else [])]


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
