"""Invariants of goods and parcels."""

import json
from collections.abc import Container, Iterator

from minuet.simulation.oracle.books import Books


def s2_stock(books: Books, sku: str) -> Iterator[str]:
    """per SKU: on_hand + reserved + shipped = initial + receipts; none below zero; reserved = Σ active reservations."""
    on_hand, reserved, shipped = books.rows(
        "inventory", "SELECT on_hand, reserved, shipped FROM stock WHERE sku = ?", sku
    )[0]
    receipts = books.value("inventory", "SELECT coalesce(sum(difference), 0) FROM receipts WHERE sku = ?", sku)
    if on_hand + reserved + shipped != receipts:
        yield f"{sku}: {on_hand} on hand + {reserved} reserved + {shipped} shipped, but {receipts} received"
    if min(on_hand, reserved, shipped) < 0:
        yield f"{sku}: {on_hand} on hand, {reserved} reserved, {shipped} shipped"
    for state, count in (("fetched", reserved), ("shipped", shipped)):
        held = books.value(
            "inventory",
            "SELECT coalesce(sum(json_each.value), 0) FROM reservations, json_each(goods) WHERE state = ? AND key = ?",
            state,
            sku,
        )
        if held != count:
            yield f"{sku}: the stock says {count}, the reservations that are {state} say {held}"


def s2_counted(books: Books, counted: Container[int], sku: str) -> Iterator[str]:
    """per SKU: on_hand + reserved + shipped = initial + receipts; none below zero; what was counted is on hand."""
    on_hand = books.value("inventory", "SELECT on_hand FROM stock WHERE sku = ?", sku)
    if on_hand not in counted:
        yield f"{counted} of {sku} were counted, and {on_hand} are on hand"


def s2_reservation(books: Books, reference: str) -> Iterator[str]:
    """per SKU: on_hand + reserved + shipped = initial + receipts; none below zero; reserved = Σ active reservations."""
    goods = "SELECT key FROM reservations, json_each(goods) WHERE reference = ?"
    for (sku,) in books.rows("inventory", goods, reference):
        yield from s2_stock(books, sku)


def s2_missing(books: Books, reference: str) -> Iterator[str]:
    """per SKU: on_hand + reserved + shipped = initial + receipts; missing is what is not there."""
    order = books.order(reference)
    if order is None or books.reservation(reference) != "unavailable":
        return
    there = dict(books.rows("inventory", "SELECT sku, on_hand FROM stock"))
    short = {sku: there.get(sku, 0) for sku, wanted in order.ordered().items() if there.get(sku, 0) < wanted}
    missing = json.loads(books.value("inventory", "SELECT missing FROM reservations WHERE reference = ?", reference))
    if not short or {each["sku"]: each["available"] for each in missing} != short:
        yield f"{order.ordered()} was ordered, {there} is there, and said to be missing is {missing}"


def s3_shipped(books: Books, reference: str) -> Iterator[str]:
    """shipped ⇒ goods were fetched, and money was received or the flow is by invoice."""
    order = books.order(reference)
    if order is None or books.shipment(reference) != "shipped":
        return  # what other shops have shipped need not be from stock
    if books.reservation(reference) not in ("fetched", "shipped"):
        yield f"{reference} is shipped, its reservation is {books.reservation(reference)}"
    if not order.by_invoice and books.kept(reference) < order.total:
        yield f"{reference} is shipped, and {books.received(reference)} of {order.total} was received"


def q2_released_xor_shipped(books: Books, reference: str) -> Iterator[str]:
    """each reservation is released xor shipped; no order is both shipped and refunded."""
    order, reservation = books.order(reference), books.reservation(reference)
    parcel = books.shipment(reference)
    if order is not None and order.name in ("completed", "cancelled") and reservation == "fetched":
        yield f"{reference} is {order.name}, and its goods are still held"
    if order is not None and (parcel == "shipped") != (reservation == "shipped"):
        yield f"{reference}: the parcel is {parcel}, its reservation {reservation}"
    if order is not None and parcel == "shipped" and not order.by_invoice:
        kept = books.kept(reference)
        if kept != order.total:
            yield f"{reference} is shipped, yet {kept} of {order.total} was kept"
