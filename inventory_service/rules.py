"""The business decisions about goods: plain functions, without database, clock or ids."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from inventory_service.messages import (
    FetchGoods,
    GoodsFetched,
    GoodsReleased,
    GoodsUnavailable,
    InventoryEvent,
    Item,
    Missing,
)
from inventory_service.reservation import Reservation


def added_up(items: Iterable[Item]) -> dict[str, int]:
    """Quantity by SKU, in SKU sequence: two who fetch lock rows in the same sequence, never each other out."""
    goods: Counter[str] = Counter()
    for item in items:
        goods[item.sku] += item.quantity
    return dict(sorted(goods.items()))


def shortfalls(wanted: Mapping[str, int], on_hand: Mapping[str, int]) -> list[Missing]:
    """Every SKU of which there is less than wanted; an unknown one counts as none."""
    short = [(sku, quantity) for sku, quantity in wanted.items() if on_hand.get(sku, 0) < quantity]
    return [Missing(sku=sku, wanted=quantity, available=on_hand.get(sku, 0)) for sku, quantity in short]


def decided(command: FetchGoods, missing: Sequence[Missing], pick_id: str) -> Reservation:
    if missing:
        return Reservation(command.reference, "unavailable", missing=[each.model_dump() for each in missing])
    return Reservation(command.reference, "fetched", goods=added_up(command.items), pick_id=pick_id)


def tombstone(reference: str) -> Reservation:
    """Released before it was fetched: it never will be."""
    return Reservation(reference, "released")


def released(reservation: Reservation) -> Reservation:
    """Goods that were shipped stay shipped: they have left."""
    return reservation if reservation.state == "shipped" else replace(reservation, state="released")


def shipped(reservation: Reservation) -> Reservation:
    return replace(reservation, state="shipped")


def answer(reservation: Reservation) -> InventoryEvent:
    """The decision, the same to either command.

    To release shipped goods is answered GoodsFetched: GoodsReleased would be untrue, and its caller would count on it.
    """
    reference = reservation.reference
    match reservation.state:
        case "fetched" | "shipped":
            return GoodsFetched(reference=reference, pick_id=reservation.pick_id)
        case "unavailable":
            return GoodsUnavailable(reference=reference, missing=reservation.missing)
        case "released":
            return GoodsReleased(reference=reference)
