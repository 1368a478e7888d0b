"""The business decisions about orders: plain functions, without database, clock or ids."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bus.errors import Refused
from bus.message import Message
from order_service.messages import ByCard, DecidePrice, Item, Money, PlaceOrder, PricedItem
from order_service.neighbours import FromPayment, GoodsFetched
from order_service.order import Customer, Order, Quote
from saga.row import Moment

PRICE_GUARANTEE = timedelta(days=7)
INVOICE_DUE_DAYS = 30
LARGEST_TOTAL = 10**12


class Shop(Protocol):
    """What an order is made of, besides what the customer says."""

    def customer(self, customer_id: str) -> Customer | None: ...

    def price(self, sku: str) -> Money | None: ...


# --- the VIP rule


def pays_by_invoice(order: Order, _: Message) -> bool:
    """VIP customers may pay later, by invoice. This rule is all that there is to it."""
    return order.customer.tier == "vip" and order.card_token is None


# --- placing


def new_order(place: PlaceOrder, moment: Moment) -> Order:
    """Raises Refused, with a sentence for the customer, if there can be no such order."""
    shop: Shop = moment.facts
    customer = shop.customer(place.customer_id)
    if customer is None:
        raise Refused(f"unknown customer {place.customer_id!r}: register with PUT /customers/{{id}} first")
    token = place.payment.token if isinstance(place.payment, ByCard) else None
    if token is None and customer.tier != "vip":
        raise Refused(f"customer {customer.id!r} cannot pay by invoice: pay by card")
    items = priced(place.items, shop)
    return Order(
        order_id=place.order_id,
        customer=customer,
        items=items,
        total=total_of(items),
        card_token=token,
        placed_at=moment.now,
        price_fixed_at=moment.now,
    )


def priced(items: Iterable[Item | PricedItem], shop: Shop) -> list[PricedItem]:
    return [PricedItem(sku=i.sku, quantity=i.quantity, price=price_of(i.sku, shop)) for i in items]


def price_of(sku: str, shop: Shop) -> Money:
    price = shop.price(sku)
    if price is None:
        raise Refused(f"unknown sku {sku!r}: it is not in the catalogue")
    return price


def total_of(items: Sequence[PricedItem]) -> Money:
    currencies = sorted({item.price.currency for item in items})
    if len(currencies) > 1:
        raise Refused(f"one currency per order, these items have {', '.join(currencies)}: order them apart")
    amount = amount_of(items)
    if amount > LARGEST_TOTAL:
        raise Refused(f"a total of {amount} is more than an order may have ({LARGEST_TOTAL} minor units)")
    return Money(amount=amount, currency=currencies[0])


def amount_of(items: Iterable[PricedItem]) -> int:
    return sum(item.quantity * item.price.amount for item in items)


def price_guaranteed_until(order: Order) -> datetime:
    return order.price_fixed_at + PRICE_GUARANTEE


# --- payment attempts and quotes


def of_an_older_attempt(order: Order, message: FromPayment) -> bool:
    return message.attempt is not None and message.attempt < order.attempt


def of_a_later_attempt(order: Order, message: FromPayment) -> bool:
    """Which nobody has asked for yet."""
    return message.attempt is not None and message.attempt > order.attempt


def priced_anew(order: Order, _: Message, moment: Moment) -> Order:
    """Today's catalogue prices; if they come to more than an order may have, those that it had."""
    items = [item.model_copy(update={"price": price_today(item, moment.facts)}) for item in order.items]
    if amount_of(items) > LARGEST_TOTAL:
        items = list(order.items)
    return order.model_copy(update={"quote": Quote(number=order.attempt + 1, items=items, total=total_of(items))})


def price_today(item: PricedItem, shop: Shop) -> Money:
    """What is no longer sold, or in another currency, keeps the price that it had."""
    price = shop.price(item.sku)
    return item.price if price is None or price.currency != item.price.currency else price


def answers_this_quote(order: Order, decision: DecidePrice) -> bool:
    return order.quote is not None and decision.attempt in (None, order.quote.number)


def accepts_this_quote(order: Order, decision: DecidePrice) -> bool:
    return answers_this_quote(order, decision) and decision.accept


def accept_quote(order: Order, decision: DecidePrice, moment: Moment) -> Order:
    assert order.quote is not None
    return order.model_copy(
        update={
            "attempt": order.quote.number,
            "items": order.quote.items,
            "total": order.quote.total,
            "quote": None,
            "card_token": decision.token or order.card_token,
            "price_fixed_at": moment.now,
            "in_clearing": False,
            "reason": "",
        }
    )


# --- what is noted on the way


def note_clearing(order: Order, _: Message, __: Moment) -> Order:
    return order.model_copy(update={"in_clearing": True})


def note_paid(order: Order, _: Message, __: Moment) -> Order:
    """What was in the way of the payment is so no longer."""
    return order.model_copy(update={"in_clearing": False, "reason": ""})


def note_pick(order: Order, fetched: GoodsFetched, _: Moment) -> Order:
    return order.model_copy(update={"pick_id": fetched.pick_id})


class because:
    """Why the order is where it is, for customer and operator; a message's own reason goes with it."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __call__(self, order: Order, message: Message | None, _: Moment) -> Order:
        more = getattr(message, "reason", "")
        return order.model_copy(update={"reason": f"{self.reason}: {more}" if more else self.reason})
