"""Invariants of how orders end."""

from collections.abc import Container, Iterator
from datetime import datetime, timedelta

from minuet.simulation.oracle.alarms import expected
from minuet.simulation.oracle.books import CALLING, Books
from minuet.simulation.oracle.tables import kind_of
from saga.state import Kind

LATE = timedelta(days=30)


def q4_undone(books: Books, reference: str) -> Iterator[str]:
    """cancelled ⇒ every effect was undone, or a human task is open."""
    order = books.order(reference)
    if order is None or order.name != "cancelled":
        return
    if books.kept(reference):
        yield f"{reference} is cancelled, and {books.kept(reference)} was kept"
    if books.reservation(reference) in ("fetched", "shipped"):
        yield f"{reference} is cancelled, its goods are {books.reservation(reference)}"
    if books.shipment(reference) not in (None, "cancelled", "failed"):
        yield f"{reference} is cancelled, its parcel is {books.shipment(reference)}"
    invoice = books.invoice(reference)
    if invoice is not None and invoice.state != "cancelled":
        yield f"{reference} is cancelled, its invoice is {invoice.state}"


def q4_closed(books: Books, reference: str) -> Iterator[str]:
    """cancelled ⇒ every effect was undone; so is what a person closed, but for goods that had left by then."""
    order = books.order(reference)
    if order is None or order.name != "closed":
        return
    parcel, reservation, invoice = books.shipment(reference), books.reservation(reference), books.invoice(reference)
    if parcel not in (None, "shipped", "cancelled", "failed"):
        yield f"{reference} is closed, its parcel is {parcel}"
    if reservation == "fetched":
        yield f"{reference} is closed, its goods are still held"
    if parcel == "shipped" and (invoice is None or invoice.name not in ("cancelled", "paid")):
        yield f"{reference} is closed, its invoice is {None if invoice is None else invoice.state}"
    if parcel != "shipped" and books.kept(reference) and not books.calling_gateway(reference):
        yield f"{reference} is closed and was not shipped, and {books.kept(reference)} was kept"


def s5_no_ghost_order(accepted: Container[str], reference: str) -> Iterator[str]:
    """no ghost: no effect without a committed command, no order without somebody who has placed it."""
    if reference not in accepted:
        yield f"there is an order {reference}, which nobody knows of"


def l1_calls_ended(books: Books) -> Iterator[str]:
    """once faults stop, every order becomes terminal, or a person's: nobody asks the gateway for ever."""
    calls = "SELECT instance_id, state, steps FROM saga_instances WHERE flow = 'payment' ORDER BY instance_id"
    for instance_id, state, steps in books.rows("payment", calls):
        if state.partition("/")[0] in CALLING:
            yield f"payment {instance_id} is {state} for ever, after {steps} steps"


def l1_parcels_ended(books: Books) -> Iterator[str]:
    """once faults stop, every order becomes terminal, or a person's: and no parcel lies about."""
    waiting = "SELECT reference, state FROM shipments WHERE state IN ('pending', 'leased') ORDER BY reference"
    for reference, state in books.rows("shipping", waiting):
        yield f"the parcel of {reference} is {state} for ever"


def l1_in_time(books: Books, now: datetime) -> Iterator[str]:
    """once faults stop, every order becomes terminal, or a person's, within 30 virtual days of its longest deadline."""
    for order_id in books.order_ids():
        order = books.order(order_id)
        if order is not None and kind_of(order.flow, order.state) is Kind.WAITING:
            longest = max((pause for pause in expected(order).values() if pause is not None), default=timedelta(0))
            since = books.history("order", order)[-1].at
            if now > since + longest + LATE:
                yield f"{order_id} is {order.state} since {since}, and it is {now}"


def l1_ended(books: Books, reference: str) -> Iterator[str]:
    """once faults stop, every order becomes terminal, or a person's, within 30 virtual days of its longest deadline."""
    order = books.order(reference)
    if order is None:
        yield f"order {reference} was accepted, and there is none"
    elif kind_of(order.flow, order.state) not in (Kind.END, Kind.HUMAN):
        yield f"{reference} is {order.state} for ever"
