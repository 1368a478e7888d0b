"""The simulated carrier: takes every parcel that has an address on it."""

from bus.handler import perform
from bus.ids import derived
from shipping_service.messages import HandToCarrier, ParcelRefused, ParcelTaken

CARRIER = "simulated"


async def hand_to_carrier(effect: HandToCarrier) -> ParcelTaken | ParcelRefused:
    """To hand over one shipment twice is to hand it over once: the answer depends on the shipment alone."""
    if not effect.recipient.address.strip():
        return ParcelRefused(reference=effect.reference, reason="the recipient has no address")
    return ParcelTaken(
        reference=effect.reference, carrier=CARRIER, tracking_number=tracking_number_of(effect.shipment_id)
    )


def tracking_number_of(shipment_id: str) -> str:
    return f"SIM-{derived(CARRIER, shipment_id).hex[:16].upper()}"


PERFORMERS = (perform(HandToCarrier, hand_to_carrier),)
