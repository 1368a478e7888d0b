"""Invariants of what orders and invoices note on their way: it is what their history says, and customers are shown."""

from collections.abc import Iterator
from datetime import datetime

from minuet.simulation.oracle.books import Books
from minuet.simulation.oracle.instances import HistoryLine, OrderRow

SHIPPED = ("GoodsShipped", "ShipmentCancellationRefused")
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
    yield from reasoned(order, lines) if lines else ()


def fixes_the_price(line: HistoryLine) -> bool:
    return (line.because, line.before) in FIXES_THE_PRICE and line.after != "cancelled"


def in_clearing(lines: list[HistoryLine]) -> bool:
    """Since its payment was, until it was paid, or a new one was asked for."""
    found = False
    for line in lines:
        found = found or (line.because == "PaymentInClearing" and line.before == "awaiting_payment")
        found = found and line.after != "awaiting_goods" and not fixes_the_price(line)
    return found


def reasoned(order: OrderRow, lines: list[HistoryLine]) -> Iterator[str]:
    """Who gets what he ordered needs no excuse, and who does not is told one: his own, if he has cancelled."""
    reason, last = order.data["reason"], lines[-1]
    shipped = last.before in ("awaiting_shipment", "cancelling_shipment") and last.because in SHIPPED
    if (order.state == "completed" or shipped) and reason:
        yield f"{order.instance_id} is {order.state}, though {reason}"
    if order.name in ("cancelled", "needs_attention") and not reason:
        yield f"{order.instance_id} is {order.state}, and nobody knows why"
    if last.because == "CancelOrder" and last.before != last.after and "customer" not in reason:
        yield f"{order.instance_id} was cancelled by its customer, and that is said to be as {reason}"
    if "customer" in reason and all(line.because != "CancelOrder" for line in lines):
        yield f"{order.instance_id} is said to be {reason}, who has not cancelled it"


def s7_resumed(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """an instance's history is a path in its revision's table: who is retried goes on where he stood."""
    order = books.order(instance_id) if service == "order" else None
    for line in books.history("order", order) if order is not None else ():
        if line.because == "RetryOrder" and f"needs_attention/{line.after}" != line.before:
            yield f"{instance_id} was {line.before}, and was retried as {line.after}"


def s7_reminders(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """replaying the history gives the row: how often somebody was reminded."""
    invoice = books.instance(service, "invoice", instance_id) if service == "payment" else None
    if invoice is not None:
        said = sum("InvoiceReminded" in line.sent for line in books.history(service, invoice))
        if invoice.data["reminders"] != said:
            yield f"of the invoice {instance_id} was reminded {said} times, and it says {invoice.data['reminders']}"
