"""What the flow knows of one order."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from order_service.messages import Money, PricedItem, Value


class Customer(Value):
    id: str
    name: str
    email: str
    address: str
    tier: Literal["standard", "vip"]
    rewards_member: bool


class Quote(Value):
    """A new price that the customer is asked about. Its number becomes the attempt that is paid by it."""

    number: int
    items: list[PricedItem]
    total: Money


class Order(Value):
    order_id: UUID
    customer: Customer
    items: list[PricedItem]
    total: Money
    card_token: str | None  # None: by invoice
    placed_at: datetime
    price_fixed_at: datetime
    attempt: int = 1  # numbers the order's payments
    quote: Quote | None = None
    pick_id: str = ""
    in_clearing: bool = False
    reason: str = ""  # why it is where it is, for customer and operator

    @property
    def reference(self) -> str:
        """What payment, inventory and shipping call this order."""
        return str(self.order_id)
