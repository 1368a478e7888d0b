"""The inventory service's tables, and the stores over them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import sqlalchemy as sa

from bus.database import UtcDateTime
from bus.message import Message
from bus.records import Records
from bus.tables import BusTables
from bus.unit import Store
from bus.upsert import insert_ignore
from inventory_service.messages import FetchGoods
from inventory_service.reservation import Reservation

metadata = sa.MetaData()
bus_tables = BusTables(metadata)

stock = sa.Table(
    "stock",
    metadata,
    sa.Column("sku", sa.Text, primary_key=True),
    sa.Column("on_hand", sa.BigInteger, nullable=False),  # excludes what is reserved
    sa.Column("reserved", sa.BigInteger, nullable=False),
    sa.Column("shipped", sa.BigInteger, nullable=False),
    sa.CheckConstraint("on_hand >= 0", name="on_hand_not_below_zero"),
    sa.CheckConstraint("reserved >= 0", name="reserved_not_below_zero"),
    sa.CheckConstraint("shipped >= 0", name="shipped_not_below_zero"),
)
receipts = sa.Table(
    "receipts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("sku", sa.Text, sa.ForeignKey("stock.sku"), nullable=False, index=True),
    sa.Column("difference", sa.BigInteger, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)
reservations = sa.Table(
    "reservations",
    metadata,
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),  # fetched | unavailable | released | shipped
    sa.Column("goods", sa.JSON, nullable=False),
    sa.Column("pick_id", sa.Text, nullable=True),
    sa.Column("missing", sa.JSON, nullable=False),
)

Place = Literal["on_hand", "reserved", "shipped"]


class Reservations(Records[Reservation]):
    table = reservations
    record = Reservation


class Stock(Store):
    """Goods by SKU. Changed in the database by difference, never by what was read before."""

    def prepare(self, messages: Sequence[Message]) -> None:
        """Lock the stock that a whole batch is going to move, in SKU sequence: message by message, two replicas whose
        batches touch the same SKUs could lock each other out.
        """
        reservations = self.unit.store(Reservations)
        reservations.prepare(messages)
        skus: set[str] = set()
        for message in messages:
            reservation = reservations.get(message.subject)
            if reservation is not None:
                skus.update(reservation.goods)
            elif isinstance(message, FetchGoods):
                skus.update(item.sku for item in message.items)
        if skus:
            self.on_hand(skus)

    def reserve(self, sku: str, quantity: int) -> bool:
        """From on hand to reserved. False, and nothing is changed, if there are not as many."""
        enough = (stock.c.sku == sku) & (stock.c.on_hand >= quantity)
        return self.connection.execute(_move(quantity, "on_hand", "reserved").where(enough)).rowcount == 1

    def move(self, goods: Mapping[str, int], source: Place, target: Place) -> None:
        """Goods that are known to be at `source`; the database refuses to go below zero."""
        for sku, quantity in goods.items():
            self.connection.execute(_move(quantity, source, target).where(stock.c.sku == sku))

    def on_hand(self, skus: Iterable[str]) -> dict[str, int]:
        """How many there are of each SKU that is known, locked until the commit."""
        query = sa.select(stock.c.sku, stock.c.on_hand).where(stock.c.sku.in_(list(skus)))
        rows = self.connection.execute(query.order_by(stock.c.sku).with_for_update())
        return {row.sku: row.on_hand for row in rows}

    def add(self, sku: str) -> None:
        """Make the SKU known, with none on hand, unless it is known already."""
        row = {"sku": sku, "on_hand": 0, "reserved": 0, "shipped": 0}
        self.connection.execute(insert_ignore(self.connection, stock).values(row))

    def receive(self, receipt_id: UUID, sku: str, difference: int, at: datetime) -> None:
        """Book a receipt; a negative one if goods were lost."""
        row = {"id": str(receipt_id), "sku": sku, "difference": difference, "at": at}
        self.connection.execute(sa.insert(receipts).values(row))
        more = sa.update(stock).where(stock.c.sku == sku).values(on_hand=stock.c.on_hand + difference)
        self.connection.execute(more)


def _move(quantity: int, source: Place, target: Place) -> sa.Update:
    return sa.update(stock).values({source: stock.c[source] - quantity, target: stock.c[target] + quantity})
