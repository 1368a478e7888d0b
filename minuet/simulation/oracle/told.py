"""Invariants of what others are told: it is what is in the books."""

import json
from collections.abc import Iterator

from minuet.simulation.oracle.books import MONEY_OUT, Books

OUTBOX = """SELECT json_extract(headers, '$."ce-subject"'), body FROM outbox WHERE message_id = ?"""
OF_INVOICES = {"payment.invoice-reminded.v1": "open", "payment.invoice-defaulted.v1": "defaulted"}  # else: paid since
PARCEL = ("shipment_id", "pick_id", "carrier", "tracking_number", "reason")
RECEIVED = "charged", "credit_used"


def s1_told(books: Books, service: str, message_id: str) -> Iterator[str]:
    """refunded ≤ received ≤ what was asked; and what is said of it is what is booked."""
    for headers, body in books.rows(service, "SELECT headers, body FROM outbox WHERE message_id = ?", message_id):
        name, said = json.loads(headers)["ce-type"], json.loads(body)
        match name:
            case "payment.payment-received.v1":
                booked = of_attempt(books, RECEIVED, said)
            case "payment.payment-refunded.v1" if said["amount"]["amount"]:
                booked = of_attempt(books, MONEY_OUT, said)
            case "payment.payment-refunded.v1":
                booked = of_attempt(books, ("charged",), said)
            case "payment.invoice-reminded.v1" | "payment.invoice-defaulted.v1" if (
                invoice := books.invoice(said["reference"])
            ) and invoice.name == OF_INVOICES[name]:
                booked = invoice.data["amount"]["amount"] - invoice.data["paid"]
            case _:
                continue
        if booked != said["amount"]["amount"]:
            yield f"{name} of {said['reference']} says {said['amount']}, and {booked} is booked"


def s6_told_whom(books: Books, service: str, message_id: str) -> Iterator[str]:
    """no stuck order: who is told of an order, or pays for it, is its customer."""
    for subject, body in books.rows(service, OUTBOX, message_id) if service == "order" else ():
        order, said = books.order(subject), json.loads(body)
        if order is None:
            continue
        customer, payer = order.data["customer"], said.get("payer", {})
        if said.get("customer_id", customer["id"]) != customer["id"] or payer.items() - customer.items():
            yield f"{subject} is an order of {customer}, and {body} goes to somebody else"


def s3_told(books: Books, service: str, table: str, message_id: str) -> Iterator[str]:
    """shipped ⇒ goods were fetched: what is said of a parcel is what is known of it."""
    kept = f"SELECT body FROM {table} WHERE {'message' if table == 'outbox' else 'effect'}_id = ?"
    for (body,) in books.rows(service, kept, message_id) if service == "shipping" else ():
        said = json.loads(body)
        names = [name for name in PARCEL if name in said]
        if names:
            query = f"SELECT {', '.join(names)} FROM shipments WHERE reference = ?"
            known = [dict(zip(names, row, strict=True)) for row in books.rows(service, query, said["reference"])]
            if known != [{name: said[name] for name in names}]:
                yield f"{body} is said, and known is {known}"


def of_attempt(books: Books, kinds: tuple[str, ...], said: dict[str, object]) -> int:
    """What the ledger holds of these kinds for one attempt: a posting is named after it."""
    query = (
        "SELECT coalesce(sum(amount), 0) FROM ledger_entries WHERE reference = ? AND account LIKE 'held_for:%'"
        " AND kind = ? AND (posting_id = kind || ':' || ? OR posting_id LIKE kind || ':' || ? || '/%')"
    )
    about = f"{said['reference']}/{said['attempt']}"
    held: int = sum(books.value("payment", query, said["reference"], kind, about, about) for kind in kinds)
    return held if kinds == MONEY_OUT else -held  # a credit is below zero
