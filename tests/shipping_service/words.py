"""What the tests say to the shipping service, and what they expect to hear."""

import asyncio
from typing import Any

from bus.message import Local
from shipping_service.messages import CancelShipment, HandToCarrier, Recipient, ShipGoods
from tests.service_bench import ServiceBench

Said = list[tuple[str, dict[str, Any]]]

SHIPPED = "shipping.goods-shipped.v1"
FAILED = "shipping.shipment-failed.v1"
CANCELLED = "shipping.shipment-cancelled.v1"
CANCELLATION_REFUSED = "shipping.shipment-cancellation-refused.v1"


def ship(reference: str = "r-1", address: str = "1 Main Street") -> ShipGoods:
    return ShipGoods(reference=reference, pick_id="p-1", recipient=Recipient(name="Ada", address=address))


def cancel(reference: str = "r-1") -> CancelShipment:
    return CancelShipment(reference=reference)


def intended(bench: ServiceBench) -> HandToCarrier:
    """The oldest parcel that is with the carrier."""
    return HandToCarrier.model_validate_json(bench.effects[0].body)


def carrier_reports(bench: ServiceBench) -> Said:
    """The carrier looks at the oldest parcel, and what it says of it is handled."""
    return bench.outcome(asked(bench, intended(bench)))


def asked(bench: ServiceBench, parcel: HandToCarrier) -> Local:
    """What the carrier says of a parcel."""
    performer = bench.service.performer(HandToCarrier.wire_name)

    async def perform() -> Local:
        return await performer.perform(parcel)

    return asyncio.run(perform())
