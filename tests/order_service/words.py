"""What the tests say to the order service, and an order at any point of its life."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from bus.message import Message
from order_service.flow import order_flow
from order_service.messages import (
    ByCard,
    ByInvoice,
    CancelOrder,
    CloseOrder,
    DecidePrice,
    Item,
    Money,
    PlaceOrder,
    PricedItem,
    RetryOrder,
)
from order_service.order import Customer, Order, Quote
from saga.state import State
from saga.testing import Conversation, given
from saga.undo import UndoEntry, UndoStatus

ID = UUID("6d696e75-0000-4000-8000-000000000001")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
EUR_10 = Money(amount=1000, currency="EUR")
EUR_12 = Money(amount=1200, currency="EUR")

CANCEL = CancelOrder(order_id=ID)
RETRY = RetryOrder(order_id=ID, reason="looked at it", author="ann")
CLOSE = CloseOrder(order_id=ID, reason="settled by phone", author="ann")


def decide(accept: bool, quote: int | None = None, token: str | None = None) -> DecidePrice:
    return DecidePrice(order_id=ID, accept=accept, attempt=quote, token=token)


def hear(message: type[Message], attempt: int | None = None) -> Message:
    """What payment, inventory or shipping says of the order."""
    fields: dict[str, Any] = {"reference": str(ID), "pick_id": "pick-1"}
    return message.model_validate(fields if attempt is None else {**fields, "attempt": attempt})


def customer(tier: Literal["standard", "vip"] = "standard") -> Customer:
    return Customer(id="c-1", name="Ann", email="ann@example.org", address="1 Road", tier=tier, rewards_member=True)


def place(*, by_invoice: bool = False, items: Sequence[Item] = (Item(sku="tea", quantity=2),)) -> PlaceOrder:
    payment = ByInvoice(method="invoice") if by_invoice else ByCard(method="card", token="tok_ok")
    return PlaceOrder(order_id=ID, customer_id="c-1", items=list(items), payment=payment)


class Shop:
    """What is sold, and to whom: `rules.Shop` without a database."""

    def __init__(self, *customers: Customer, **prices: Money) -> None:
        self.customers = {customer.id: customer for customer in customers}
        self.prices = prices

    def customer(self, customer_id: str) -> Customer | None:
        return self.customers.get(customer_id)

    def price(self, sku: str) -> Money | None:
        return self.prices.get(sku)


def order(*, by_invoice: bool = False, **fields: Any) -> Order:
    """An order of two teas. By card, unless by invoice."""
    return Order(
        order_id=ID,
        customer=customer("vip" if by_invoice else "standard"),
        items=[PricedItem(sku="tea", quantity=2, price=EUR_10)],
        total=Money(amount=2000, currency="EUR"),
        card_token=None if by_invoice else "tok_ok",
        placed_at=NOW,
        price_fixed_at=NOW,
    ).model_copy(update=fields)


def quote(number: int) -> Quote:
    price = Money(amount=2400, currency="EUR")
    return Quote(number=number, items=[PricedItem(sku="tea", quantity=2, price=EUR_12)], total=price)


def money(status: str, attempt: int = 1) -> UndoEntry:
    return UndoEntry("RefundPayment", attempt, UndoStatus(status))


def goods(status: str) -> UndoEntry:
    return UndoEntry("ReleaseGoods", None, UndoStatus(status))


def parcel(status: str) -> UndoEntry:
    return UndoEntry("CancelShipment", None, UndoStatus(status))


def begun() -> Conversation:
    """Nothing was heard yet; today tea costs 12."""
    return given(order_flow, "start", facts=Shop(customer(), tea=EUR_12))


def while_(state: State | str, *undos: UndoEntry, data: Order | None = None, by_invoice: bool = False) -> Conversation:
    """An order in `state`; today tea costs 12."""
    shop = Shop(customer(), tea=EUR_12)
    return given(order_flow, state, data=data or order(by_invoice=by_invoice), undos=undos, facts=shop)
