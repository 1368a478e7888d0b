"""Message in, messages out."""

from collections.abc import Iterable

from bus.handler import on
from bus.message import Message
from bus.unit import Context
from shipping_service import jobs, rules
from shipping_service.messages import CancelShipment, ParcelRefused, ParcelTaken, ShipGoods
from shipping_service.models import Shipments
from shipping_service.shipment import Shipment


def ship_goods(command: ShipGoods, context: Context) -> Iterable[Message]:
    shipment = context.store(Shipments).get(command.reference)
    if shipment is not None:
        return rules.decision(shipment)
    return jobs.offer(rules.asked(command, str(context.new_id("shipment")), context.unit.machine), context)


def cancel_shipment(command: CancelShipment, context: Context) -> Iterable[Message]:
    shipments = context.store(Shipments)
    shipment = shipments.get(command.reference) or rules.tombstone(command.reference)
    return rules.answer_to_cancel(shipments.put(rules.cancel_noted(shipment, context.unit.machine)))


def parcel_taken(report: ParcelTaken, context: Context) -> Iterable[Message]:
    shipments = context.store(Shipments)
    shipment = with_carrier(report.reference, shipments)
    return rules.report(shipments.put(rules.taken(shipment, report.carrier, report.tracking_number)))


def parcel_refused(report: ParcelRefused, context: Context) -> Iterable[Message]:
    shipments = context.store(Shipments)
    shipment = with_carrier(report.reference, shipments)
    return rules.report(shipments.put(rules.refused(shipment, report.reason)))


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
