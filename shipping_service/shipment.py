"""A shipment: whether the goods for one reference are shipped or not is decided here, once."""

from dataclasses import dataclass
from typing import Literal

State = Literal["with_carrier", "shipped", "failed", "cancelled"]


@dataclass(frozen=True)
class Shipment:
    reference: str
    state: State
    shipment_id: str | None = None  # None if it was cancelled before it was asked for
    cancel_wished: bool = False  # came while with the carrier: only the carrier's report can decide
    carrier: str | None = None
    tracking_number: str | None = None
    reason: str | None = None  # why the carrier did not take it
