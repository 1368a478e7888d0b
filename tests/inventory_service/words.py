"""What the tests say to the inventory service, and what they expect to hear."""

from typing import Any

import sqlalchemy as sa

from inventory_service.handlers import count_stock
from inventory_service.messages import FetchGoods, Item, ReleaseGoods
from inventory_service.models import receipts, stock
from inventory_service.neighbours import GoodsShipped
from tests.service_bench import ServiceBench

Said = list[tuple[str, dict[str, Any]]]
Level = tuple[int, int, int]

FETCHED = "inventory.goods-fetched.v1"
UNAVAILABLE = "inventory.goods-unavailable.v1"
RELEASED = "inventory.goods-released.v1"


def fetch(reference: str = "r-1", *items: tuple[str, int]) -> FetchGoods:
    return FetchGoods(reference=reference, items=[Item(sku=sku, quantity=quantity) for sku, quantity in items])


def release(reference: str = "r-1") -> ReleaseGoods:
    return ReleaseGoods(reference=reference)


def shipped(reference: str = "r-1") -> GoodsShipped:
    return GoodsShipped(reference=reference)


def count(bench: ServiceBench, **on_hand: int) -> None:
    """Someone counted the stock."""
    for sku, pieces in on_hand.items():
        bench.call(lambda context, sku=sku, pieces=pieces: count_stock(sku, pieces, context))  # type: ignore[misc]


def levels(bench: ServiceBench) -> dict[str, Level]:
    """(on hand, reserved, shipped) by SKU."""
    with bench.database.snapshot() as connection:
        return {row.sku: (row.on_hand, row.reserved, row.shipped) for row in connection.execute(sa.select(stock))}


def received(bench: ServiceBench) -> list[tuple[str, int]]:
    """Every receipt, in no particular sequence."""
    with bench.database.snapshot() as connection:
        return [(row.sku, row.difference) for row in connection.execute(sa.select(receipts))]
