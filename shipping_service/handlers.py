"""Message in, messages out."""

from collections.abc import Iterable

from bus.handler import on
from bus.message import Message
from bus.unit import Context
from shipping_service import rules
from shipping_service.messages import CancelShipment, HandToCarrier, ParcelRefused, ParcelTaken, ShipGoods
from shipping_service.models import Shipments
from shipping_service.shipment import Shipment


def ship_goods(command: ShipGoods, context: Context) -> Iterable[Message]:
    shipments = context.store(Shipments)
    shipment = shipments.get(command.reference)
    if shipment is not None:
        return rules.decision(shipment)
    shipment_id = str(context.new_id("shipment"))
    shipments.put(Shipment(command.reference, "with_carrier", shipment_id))
    return [
        HandToCarrier(
            reference=command.reference,
            shipment_id=shipment_id,
            pick_id=command.pick_id,
            recipient=command.recipient,
        )
    ]


def cancel_shipment(command: CancelShipment, context: Context) -> Iterable[Message]:
    shipments = context.store(Shipments)
    shipment = shipments.get(command.reference) or rules.tombstone(command.reference)
    return rules.answer_to_cancel(shipments.put(rules.cancel_noted(shipment)))


def parcel_taken(report: ParcelTaken, context: Context) -> Iterable[Message]:
    shipments = context.store(Shipments)
    shipment = shipments.put(rules.taken(with_carrier(report.reference, shipments), report))
    return [*rules.decision(shipment), *(rules.answer_to_cancel(shipment) if shipment.cancel_wished else [])]


def parcel_refused(report: ParcelRefused, context: Context) -> Iterable[Message]:
    shipments = context.store(Shipments)
    return rules.decision(shipments.put(rules.refused(with_carrier(report.reference, shipments), report)))


def with_carrier(reference: str, shipments: Shipments) -> Shipment:
    shipment = shipments.get(reference)
    assert shipment is not None
    assert shipment.state == "with_carrier", "an effect's outcome is handled once"
    return shipment


HANDLERS = (
    on(ShipGoods, ship_goods, Shipments),
    on(CancelShipment, cancel_shipment, Shipments),
    on(ParcelTaken, parcel_taken, Shipments),
    on(ParcelRefused, parcel_refused, Shipments),
)
