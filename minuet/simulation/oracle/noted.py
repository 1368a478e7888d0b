"""Invariants of what an order notes on its way: it is what its history says, and what customers are shown."""

from collections.abc import Iterator
from datetime import datetime

from minuet.simulation.oracle.books import Books
from minuet.simulation.oracle.instances import HistoryLine, OrderRow

FIXES_THE_PRICE = (("PlaceOrder", "start"), ("DecidePrice", "awaiting_price_decision"))


def s7_noted_down(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """replaying the history gives the row: what the order says of itself is what it went through."""
    order = books.order(instance_id) if service == "order" else None
    if order is None or order.revision != 1:
        return
    lines = books.history("order", order)
    fixed = [line.at for line in lines if fixes_the_price(line)]
    if fixed and datetime.fromisoformat(order.data["price_fixed_at"]) != fixed[-1]:
        yield f"{instance_id} has a price of {order.data['price_fixed_at']}, which was fixed at {fixed[-1]}"
    if order.data["in_clearing"] != in_clearing(lines):
        yield f"{instance_id} is {order.state}, and {'' if order.data['in_clearing'] else 'not '}in clearing"
    yield from reasoned(order)


def fixes_the_price(line: HistoryLine) -> bool:
    return (line.because, line.before) in FIXES_THE_PRICE and line.after != "cancelled"


def in_clearing(lines: list[HistoryLine]) -> bool:
    """Since its payment was, until it was paid, or a new one was asked for."""
    found = False
    for line in lines:
        found = found or (line.because == "PaymentInClearing" and line.before == "awaiting_payment")
        found = found and line.after != "awaiting_goods" and not fixes_the_price(line)
    return found


def reasoned(order: OrderRow) -> Iterator[str]:
    """Who gets what he ordered needs no excuse, and who does not is told one."""
    if order.state == "completed" and order.data["reason"]:
        yield f"{order.instance_id} is completed, though {order.data['reason']}"
    if order.state == "cancelled" and not order.data["reason"]:
        yield f"{order.instance_id} is cancelled, and nobody knows why"
