"""What the order service obeys and emits."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from bus.message import Command, Event, Local

Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Money(Value):
    """An integer count of minor units, e.g. cents, with an ISO 4217 currency."""

    amount: int = Field(ge=0, le=10**12, strict=True)
    currency: str = Field(pattern="^[A-Z]{3}$")


class Item(Value):
    sku: Text
    quantity: int = Field(ge=1, le=1_000_000, strict=True)


class ByCard(Value):
    method: Literal["card"]
    token: Text


class ByInvoice(Value):
    method: Literal["invoice"]


PaymentMethod = Annotated[ByCard | ByInvoice, Field(discriminator="method")]


class OrderCommand(Command, owner="order", key="order_id"):
    order_id: UUID


class OrderEvent(Event, owner="order", key="order_id"):
    order_id: UUID


class PlaceOrder(OrderCommand):
    customer_id: Text
    items: list[Item] = Field(min_length=1, max_length=100)
    payment: PaymentMethod


class CancelOrder(OrderCommand):
    pass


class DecidePrice(OrderCommand):
    """The customer's answer to a new price. `attempt` names the quote that is answered; absent: the current one."""

    accept: bool = Field(strict=True)
    attempt: int | None = Field(default=None, ge=1, strict=True)
    token: Text | None = None  # a card to use from now on


class Buyer(Value):
    id: str
    name: str
    email: str
    rewards_member: bool


class PricedItem(Value):
    sku: str
    quantity: int
    price: Money


class OrderPlaced(OrderEvent):
    customer: Buyer
    items: list[PricedItem]
    total: Money
    placed_at: datetime


class PriceGuaranteeExpired(OrderEvent):
    customer_id: str


class OrderCompleted(OrderEvent):
    customer_id: str
    total: Money


class OrderCancelled(OrderEvent):
    customer_id: str
    reason: str


class OrderClosed(OrderEvent):
    customer_id: str
    reason: str


class OrderNeedsAttention(OrderEvent):
    customer_id: str
    reason: str


class RetryOrder(Local, owner="order", key="order_id"):
    """A person has looked at an order that needs attention: try again what it was waiting for."""

    order_id: UUID
    reason: str
    author: str


class CloseOrder(Local, owner="order", key="order_id"):
    """A person has settled the order by other means."""

    order_id: UUID
    reason: str
    author: str
