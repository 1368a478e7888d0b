"""The simulated carrier."""

import pytest

from shipping_service.carrier import hand_to_carrier
from shipping_service.messages import HandToCarrier, ParcelRefused, ParcelTaken, Recipient


def parcel(shipment_id: str = "s-1", address: str = "1 Main Street") -> HandToCarrier:
    recipient = Recipient(name="Ada", address=address)
    return HandToCarrier(reference="r-1", shipment_id=shipment_id, pick_id="p-1", recipient=recipient)


async def test_the_same_shipment_has_the_same_tracking_number_when_asked_again() -> None:
    first = await hand_to_carrier(parcel())
    assert isinstance(first, ParcelTaken)
    assert first.reference == "r-1"
    assert await hand_to_carrier(parcel()) == first


async def test_another_shipment_has_another_tracking_number() -> None:
    one, other = await hand_to_carrier(parcel("s-1")), await hand_to_carrier(parcel("s-2"))
    assert isinstance(one, ParcelTaken)
    assert isinstance(other, ParcelTaken)
    assert one.tracking_number != other.tracking_number


@pytest.mark.parametrize("address", ["", " ", "\t\n"])
async def test_a_parcel_without_an_address_is_refused_with_the_reason(address: str) -> None:
    refusal = ParcelRefused(reference="r-1", reason="the recipient has no address")
    assert await hand_to_carrier(parcel(address=address)) == refusal
