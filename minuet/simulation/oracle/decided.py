"""Invariants of what is decided once: about goods, about parcels, about money."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from minuet.simulation.oracle.books import Books

GOODS: Mapping[str | None, tuple[str, ...]] = {  # from which state a reservation may go where
    None: ("fetched", "unavailable", "released", "shipped"),
    "fetched": ("released", "shipped"),
    "unavailable": ("released",),
    "released": (),
    "shipped": (),
}
PARCELS: Mapping[str | None, tuple[str, ...]] = {
    None: ("pending", "leased", "with_carrier", "cancelled", "shipped", "failed"),
    "pending": ("leased", "with_carrier", "cancelled"),
    "leased": ("pending", "with_carrier", "shipped", "failed", "cancelled"),
    "with_carrier": ("shipped", "failed", "cancelled"),
    "shipped": (),
    "failed": (),
    "cancelled": (),
}
PUSHED_TO = "simulated"  # who takes what nobody asks for
HANDS: Mapping[str, tuple[bool, bool, bool]] = {  # place in the queue, lease, address
    "pending": (True, False, True),
    "leased": (False, True, True),
    "with_carrier": (False, False, True),
}
NOBODYS = (False, False, False)
ANSWERS = {  # events that say what was decided: of each kind one, and it says the same each time
    "payment.payment-received.v1": "payment",
    "payment.payment-failed.v1": "payment",
    "payment.payment-cancelled.v1": "payment",
    "payment.payment-refunded.v1": "refund",
    "inventory.goods-fetched.v1": "goods",
    "inventory.goods-unavailable.v1": "goods",
    "shipping.goods-shipped.v1": "parcel",
    "shipping.shipment-failed.v1": "parcel",
    "shipping.shipment-cancelled.v1": "parcel",
}


@dataclass(eq=False)
class Decisions:
    """Remembers what was decided, and asks whether it still is."""

    books: Books
    reservations: dict[str, tuple[str, str]] = field(default_factory=dict)  # state and goods, by reference
    shipments: dict[str, tuple[str, bool, str | None]] = field(default_factory=dict)  # state, wish, carrier
    queue: dict[str, float] = field(default_factory=dict)  # parcels that wait for a carrier, and since when
    addresses: dict[str, str] = field(default_factory=dict)  # on parcels that somebody still may take
    answers: dict[tuple[str, str, int], tuple[str, Any]] = field(default_factory=dict)

    def q2_goods_decided_once(self, reference: str) -> Iterator[str]:
        """each reservation is released xor shipped; no order is both shipped and refunded."""
        query = "SELECT state, goods FROM reservations WHERE reference = ?"
        for state, goods in self.books.rows("inventory", query, reference):
            before, held = self.reservations.get(reference, (None, goods))
            if state != before and state not in GOODS[before]:
                yield f"the reservation of {reference} was {before}, and is {state}"
            if goods != held:
                yield f"the reservation of {reference} was of {held}, and is of {goods}"
            self.reservations[reference] = state, goods

    def q2_parcel_decided_once(self, reference: str) -> Iterator[str]:
        """each reservation is released xor shipped; no order is both shipped and refunded."""
        query = "SELECT state, cancel_wished, carrier FROM shipments WHERE reference = ?"
        for state, wished, carrier in self.books.rows("shipping", query, reference):
            before, wish, had = self.shipments.get(reference, (None, False, None))
            if state != before and state not in PARCELS[before]:
                yield f"the parcel of {reference} was {before}, and is {state}"
            again = state == "pending" or (before == "leased" and state == "with_carrier")
            if wish and (not wished or again):
                yield f"the parcel of {reference} is to be cancelled, and is {state} as if it were not"
            if before == "leased" and state in ("shipped", "failed") and carrier != had:
                yield f"the parcel of {reference} was in the hands of {had}, and {carrier} reports it {state}"
            self.shipments[reference] = state, wished, carrier

    def s3_taken(self, reference: str) -> Iterator[str]:
        """shipped ⇒ a carrier took it: to whom there is an address."""
        query = "SELECT state, carrier, tracking_number, recipient FROM shipments WHERE reference = ?"
        for state, carrier, tracking_number, recipient in self.books.rows("shipping", query, reference):
            known = json.loads(recipient or "null")
            if known is not None:
                self.addresses[reference] = known["address"].strip()
            pushed = self.shipments.get(reference, ("", False, None))[0] == "with_carrier"
            if state == "shipped" and not (carrier and tracking_number):
                yield f"{reference} is shipped, and no carrier has taken it"
            if state == "shipped" and pushed and carrier != PUSHED_TO:
                yield f"{reference} was pushed to {PUSHED_TO}, and {carrier} has shipped it"
            if state == "shipped" and pushed and not self.addresses.get(reference):
                yield f"{reference} is shipped, and there was no address on it"

    def s3_in_whose_hands(self, reference: str) -> Iterator[str]:
        """shipped ⇒ a carrier took it: it waits for one, or has one, or is nobody's business any more."""
        query = "SELECT state, queued_at, lease_until, recipient FROM shipments WHERE reference = ?"
        for state, *facts in self.books.rows("shipping", query, reference):
            if tuple(fact is not None for fact in facts) != HANDS.get(state, NOBODYS):
                yield f"{reference} is {state}; its place in the queue, its lease and its address: {facts}"

    def s6_first_come(self, written: frozenset[str], reference: str) -> Iterator[str]:
        """no stuck order: of the parcels that wait for a carrier, he is given the one that has waited longest."""
        query = "SELECT state, queued_at FROM shipments WHERE reference = ?"
        for state, queued_at in self.books.rows("shipping", query, reference):
            since = self.queue.pop(reference, None)
            if since is not None and state in ("leased", "with_carrier"):
                for other, longer in self.queue.items():
                    if longer < since and other not in written:
                        yield f"{reference} is {state}, and waited since {since}; {other} waits since {longer}"
            if queued_at is not None:
                self.queue[reference] = queued_at

    def s4_answered_the_same(self, service: str, message_id: str) -> Iterator[str]:
        """at most one effect per command id; the gateway sees at most one charge per idempotency key."""
        query = "SELECT headers, body FROM outbox WHERE message_id = ?"
        for headers, body in self.books.rows(service, query, message_id):
            wire_name = json.loads(headers)["ce-type"]
            if wire_name in ANSWERS:
                said = json.loads(body)
                about = ANSWERS[wire_name], said["reference"], said.get("attempt", 0)
                before = self.answers.setdefault(about, (wire_name, said))
                if before != (wire_name, said):
                    yield f"{service} said {before}, and says {wire_name} {said}"
