"""Message in, messages out."""

from collections.abc import Iterable, Mapping

from bus.handler import on
from bus.message import Message
from bus.unit import Context
from inventory_service import rules
from inventory_service.messages import FetchGoods, Missing, ReleaseGoods
from inventory_service.models import Reservations, Stock
from inventory_service.neighbours import GoodsShipped


def fetch_goods(command: FetchGoods, context: Context) -> Iterable[Message]:
    reservations = context.store(Reservations)
    reservation = reservations.get(command.reference)
    if reservation is None:
        missing = reserve(rules.added_up(command.items), context.store(Stock))
        reservation = reservations.put(rules.decided(command, missing, str(context.new_id("pick"))))
    return [rules.answer(reservation)]


def release_goods(command: ReleaseGoods, context: Context) -> Iterable[Message]:
    reservations = context.store(Reservations)
    reservation = reservations.get(command.reference) or rules.tombstone(command.reference)
    if reservation.state == "fetched":
        context.store(Stock).move(reservation.goods, "reserved", "on_hand")
    return [rules.answer(reservations.put(rules.released(reservation)))]


def goods_shipped(event: GoodsShipped, context: Context) -> Iterable[Message]:
    reservations = context.store(Reservations)
    reservation = reservations.get(event.reference)
    if reservation is not None and reservation.state == "fetched":
        context.store(Stock).move(reservation.goods, "reserved", "shipped")
        reservations.put(rules.shipped(reservation))
    return []


def reserve(goods: Mapping[str, int], stock: Stock) -> list[Missing]:
    """Reserve all, or nothing and return what is missing."""
    return [] if stock.reserve(goods) else rules.shortfalls(goods, stock.on_hand(goods))


def count_stock(sku: str, on_hand: int, context: Context) -> None:
    """Someone counted `on_hand` pieces: book the difference as a receipt."""
    stock = context.store(Stock)
    stock.add(sku)
    difference = on_hand - stock.on_hand([sku])[sku]
    if difference:
        stock.receive(context.new_id(f"receipt of {sku}"), sku, difference, context.now)


HANDLERS = (
    on(FetchGoods, fetch_goods, Reservations, Stock),
    on(ReleaseGoods, release_goods, Reservations, Stock),
    on(GoodsShipped, goods_shipped, Reservations, Stock),
)
