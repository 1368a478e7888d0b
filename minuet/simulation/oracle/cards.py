"""Invariants of cards: what is charged is charged to the card that was given for it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from minuet.simulation.oracle.books import Books


@dataclass(eq=False)
class Cards:
    """Follows which cards customers gave, and which their orders and payments have noted."""

    books: Books
    given: dict[str, str | None] = field(default_factory=dict)  # tokens, by order; None: it is paid by invoice
    of_orders: dict[str, str | None] = field(default_factory=dict)  # by order and attempt
    of_payments: dict[str, str] = field(default_factory=dict)  # by order, attempt and card

    def s1_card_of_order(self, order_id: str) -> Iterator[str]:
        """refunded ≤ received ≤ what was asked: of the card that was given, and no other."""
        order = self.books.order(order_id)
        if order is None:
            return
        attempt, token = order.data["attempt"], order.data["card_token"]
        if attempt == 1 and self.given.get(order_id, token) != token:
            yield f"{order_id} was placed with {self.given[order_id]}, and is to be paid with {token}"
        if self.of_orders.setdefault(f"{order_id}/{attempt}", token) != token:
            yield f"attempt {attempt} of {order_id} was to be paid with another card than {token}"

    def s1_card_charged(self, reference: str) -> Iterator[str]:
        """refunded ≤ received ≤ what was asked: of the card that was given, and no other."""
        for payment in self.books.payments(reference):
            attempt, card, token = payment.instance_id, payment.data["card"], payment.data["card_token"]
            if card == 1 and token and self.of_orders.get(attempt, token) != token:
                yield f"payment {attempt} is to be charged to {token}, and was given {self.of_orders[attempt]}"
            if self.of_payments.setdefault(f"{attempt}/{card}", token) != token:
                yield f"card {card} of payment {attempt} was another than {token}"
        for key, token in self.books.rows("gateway", "SELECT key, token FROM charges WHERE reference = ?", reference):
            if self.of_payments.get(key, token) != token:
                yield f"{key} was charged to {token}, and was to be charged to {self.of_payments[key]}"
