"""The inventory service's tables, and the stores over them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import sqlalchemy as sa

from bus import many
from bus.database import UtcDateTime
from bus.message import Message
from bus.records import Records
from bus.tables import BusTables
from bus.unit import Store, UnitOfWork
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
PLACES: tuple[Place, ...] = ("on_hand", "reserved", "shipped")

LOCK = (
    sa.select(stock.c.sku, stock.c.on_hand)
    .where(many.among(stock.c.sku, "skus"))
    .order_by(stock.c.sku)
    .with_for_update()
)


class Reservations(Records[Reservation]):
    table = reservations
    record = Reservation


class Stock(Store):
    """Goods by SKU. Moves are gathered and booked once a batch: by difference, and only if nothing falls below zero."""

    def __init__(self, unit: UnitOfWork) -> None:
        super().__init__(unit)
        self._on_hand: dict[str, int | None] = {}  # as locked, and changed by what is gathered; None: unknown SKU
        self._moved: defaultdict[str, Counter[Place]] = defaultdict(Counter)

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
        self.on_hand(skus)

    def reserve(self, goods: Mapping[str, int]) -> bool:
        """From on hand to reserved. False, and nothing is moved, if there are not as many of each."""
        on_hand = self.on_hand(goods)
        if any(on_hand.get(sku, 0) < quantity for sku, quantity in goods.items()):
            return False
        self.move(goods, "on_hand", "reserved")
        return True

    def move(self, goods: Mapping[str, int], source: Place, target: Place) -> None:
        """Goods that are known to be at `source`; the database refuses to go below zero."""
        before = self.on_hand(goods)
        for sku, quantity in goods.items():
            difference = {source: -quantity, target: quantity}
            self._moved[sku].update(difference)
            self._on_hand[sku] = before[sku] + difference.get("on_hand", 0)

    def on_hand(self, skus: Iterable[str]) -> dict[str, int]:
        """How many there are of each SKU that is known, locked until the commit."""
        asked = set(skus)
        new = sorted(asked - self._on_hand.keys())
        if new:
            self._on_hand.update(dict.fromkeys(new))
            self._on_hand.update((row.sku, row.on_hand) for row in self.connection.execute(LOCK, {"skus": new}))
        return {sku: number for sku in asked if (number := self._on_hand[sku]) is not None}

    def flush(self) -> None:
        rows = [{"sku": sku, **{place: moved[place] for place in PLACES}} for sku, moved in self._moved.items()]
        self.unit.writes.add(stock, rows)
        self._moved.clear()

    def add(self, sku: str) -> None:
        """Make the SKU known, with none on hand, unless it is known already."""
        row = {"sku": sku, "on_hand": 0, "reserved": 0, "shipped": 0}
        self.connection.execute(insert_ignore(self.connection, stock).values(row))
        if self._on_hand.get(sku) is None:
            self._on_hand.pop(sku, None)

    def receive(self, receipt_id: UUID, sku: str, difference: int, at: datetime) -> None:
        """Book a receipt; a negative one if goods were lost."""
        row = {"id": str(receipt_id), "sku": sku, "difference": difference, "at": at}
        self.connection.execute(sa.insert(receipts).values(row))
        self._moved[sku]["on_hand"] += difference
        self._on_hand[sku] = self.on_hand([sku])[sku] + difference
