"""A shipment: whether the goods for one reference are shipped or not is decided here, once."""

from dataclasses import dataclass
from typing import Literal

State = Literal["pending", "leased", "with_carrier", "shipped", "failed", "cancelled"]
Mode = Literal["push", "pull"]


@dataclass(frozen=True)
class Shipment:
    """`pending`: nobody has the parcel · `leased`: whoever pulled the job · `with_carrier`: it was pushed · decided."""

    reference: str
    state: State
    shipment_id: str | None = None  # the job's id as well; None if it was cancelled before it was asked for
    cancel_wished: bool = False  # came while in a carrier's hands: only the carrier's report can decide
    pick_id: str | None = None
    recipient: dict[str, str] | None = None  # as in ShipGoods; forgotten once it is decided
    queued_at: float | None = None  # machine time, while pending: whoever has waited longest is handed out first
    lease_until: float | None = None  # machine time, while leased
    carrier: str | None = None  # whoever has, or had, the parcel: for a pulled job, the worker
    tracking_number: str | None = None
    reason: str | None = None  # why the carrier did not take it
