"""What the shipping service obeys and emits, and what it tells itself."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bus.message import Command, Effect, Event, Local

Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Recipient(Value):
    name: Text
    address: str = Field(max_length=500, pattern=r"^[^\x00]*$")  # whether one can deliver to it, the carrier says


class ShippingCommand(Command, owner="shipping", key="reference"):
    reference: Text


class ShippingEvent(Event, owner="shipping", key="reference"):
    reference: str


class ShipGoods(ShippingCommand):
    pick_id: Text
    recipient: Recipient


class CancelShipment(ShippingCommand):
    """Do not ship, if that can still be helped."""


class GoodsShipped(ShippingEvent):
    shipment_id: str
    carrier: str
    tracking_number: str


class ShipmentFailed(ShippingEvent):
    reason: str


class ShipmentCancelled(ShippingEvent):
    """Nothing was shipped for this reference, and nothing will be."""


class ShipmentCancellationRefused(ShippingEvent):
    """It has been shipped."""


class HandToCarrier(Effect, owner="shipping", key="reference"):
    """Let the carrier take the parcel. `shipment_id` is the idempotency key."""

    reference: str
    shipment_id: str
    pick_id: str
    recipient: Recipient


class ParcelTaken(Local, owner="shipping", key="reference"):
    reference: str
    carrier: str
    tracking_number: str


class ParcelRefused(Local, owner="shipping", key="reference"):
    reference: str
    reason: str
