"""A reservation: what was decided, once, about the goods for one reference."""

from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["fetched", "unavailable", "released", "shipped"]


@dataclass(frozen=True)
class Reservation:
    reference: str
    state: State
    goods: dict[str, int] = field(default_factory=dict)  # quantity by SKU, in SKU sequence; held while `fetched`
    pick_id: str | None = None
    missing: list[dict[str, Any]] = field(default_factory=list)  # as in GoodsUnavailable
