"""Invariants of what services know of one order: it is the same order."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from minuet.simulation.oracle.books import Books

Prices = dict[str, tuple[int, str]]


def s1_total(books: Books, service: str, order_id: str) -> Iterator[str]:
    """refunded ≤ received ≤ what was asked: that is what its items cost."""
    order = books.order(order_id) if service == "order" else None
    for priced in (order.data, order.data.get("quote")) if order is not None else ():
        if priced and priced["total"]["amount"] != sum(i["quantity"] * i["price"]["amount"] for i in priced["items"]):
            yield f"the total of {order_id} is {priced['total']}, its items are {priced['items']}"


def s2_ordered(books: Books, reference: str) -> Iterator[str]:
    """per SKU: on_hand + reserved + shipped = initial + receipts; reserved is what was ordered."""
    order = books.order(reference)
    if order is None:
        return
    wanted = order.ordered()
    query = "SELECT goods FROM reservations WHERE reference = ? AND state IN ('fetched', 'shipped')"
    for (goods,) in books.rows("inventory", query, reference):
        if json.loads(goods) != wanted:
            yield f"{wanted} was ordered, and {goods} is held"


def s3_same_parcel(books: Books, reference: str) -> Iterator[str]:
    """shipped ⇒ goods were fetched: these, by this pick, and to whom has ordered them."""
    order = books.order(reference)
    if order is None:
        return
    query = "SELECT pick_id, recipient FROM shipments WHERE reference = ? AND pick_id IS NOT NULL"
    for pick_id, recipient in books.rows("shipping", query, reference):
        picked = books.value("inventory", "SELECT pick_id FROM reservations WHERE reference = ?", reference)
        if pick_id != picked:
            yield f"{reference} was picked under {picked}, and is to be shipped under {pick_id}"
        customer = order.data["customer"]
        whom = json.loads(recipient or "null")
        if whom is not None and whom != {"name": customer["name"], "address": customer["address"]}:
            yield f"{reference} goes to {whom}, and was ordered by {customer}"


def s3_pick_of_its_own(books: Books, reference: str) -> Iterator[str]:
    """shipped ⇒ goods were fetched: for nobody else."""
    query = "SELECT reference FROM reservations WHERE pick_id = (SELECT pick_id FROM reservations WHERE reference = ?)"
    same = [other for (other,) in books.rows("inventory", query, reference)]
    if len(same) > 1:
        yield f"one pick for {same}"


@dataclass(eq=False)
class Catalogue:
    """Which prices customers were shown."""

    books: Books
    prices: Prices = field(default_factory=dict)
    before: Prices = field(default_factory=dict)  # this commit
    agreed: dict[tuple[str, int], Any] = field(default_factory=dict)  # items, by order and number of its price

    def read(self) -> None:
        """It has changed."""
        rows = self.books.rows("order", "SELECT sku, amount, currency FROM catalogue")
        self.prices = {sku: (price, currency) for sku, price, currency in rows}

    def seen(self) -> None:
        """Everything about this commit was asked."""
        self.before = self.prices

    def s1_price(self, order_id: str) -> Iterator[str]:
        """refunded ≤ received ≤ what was asked: what the catalogue says when the price is fixed, and then no other."""
        order = self.books.order(order_id)
        if order is None:
            return
        for number, priced in ((order.data["attempt"], order.data), (order.data["attempt"] + 1, order.data["quote"])):
            if priced is None:
                continue
            items = self.agreed.setdefault((order_id, number), priced["items"])
            before = self.agreed.get((order_id, number - 1), ())
            if items is priced["items"]:
                wrong = [item for item in items if not self._is_price(item) and not self._is_kept(item, before)]
                yield from (f"{order_id}: {item}, not a price of then" for item in wrong)
            elif items != priced["items"]:
                yield f"{order_id}: price {number} was of {items}, and is of {priced['items']}"

    def _is_kept(self, item: Any, before: Sequence[Any]) -> bool:
        """What is sold in another currency now has the price that it had."""
        _, currency = self.prices.get(item["sku"], (0, ""))
        return item in before and currency != item["price"]["currency"]

    def _is_price(self, item: Any) -> bool:
        price = item["price"]["amount"], item["price"]["currency"]
        return price in (self.prices.get(item["sku"]), self.before.get(item["sku"]))
