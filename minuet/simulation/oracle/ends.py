"""Invariants of how orders end."""

from collections.abc import Iterator

from minuet.simulation.oracle.books import Books
from minuet.simulation.oracle.tables import kind_of
from saga.state import Kind


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


def l1_ended(books: Books, reference: str) -> Iterator[str]:
    """once faults stop, every order becomes terminal, or a person's, within 30 virtual days of its longest deadline."""
    order = books.order(reference)
    if order is None:
        yield f"order {reference} was accepted, and there is none"
    elif kind_of(order.flow, order.state) not in (Kind.END, Kind.HUMAN):
        yield f"{reference} is {order.state} for ever"
