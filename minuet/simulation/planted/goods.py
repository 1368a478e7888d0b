"""Bugs about goods."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from bus.message import Message
from bus.unit import Context
from inventory_service import handlers, rules
from inventory_service.messages import FetchGoods, Missing
from inventory_service.models import Reservations, Stock
from inventory_service.reservation import Reservation
from minuet.simulation.planted.bug import bug, replaced, rewritten


@bug
def goods_tombstone_not_kept() -> AbstractContextManager[None]:
    """That goods were released before they were fetched is said, and not remembered."""

    def put(self: Reservations, reservation: Reservation) -> Reservation:
        unknown = self.get(reservation.reference) is None and reservation.state == "released"
        return reservation if unknown else original(self, reservation)

    original = Reservations.put
    return replaced(Reservations, "put", put)


@bug
def reservation_decided_twice() -> AbstractContextManager[None]:
    """Who asks again for goods that were not there is told what is there now."""

    def fetch(original: Any, command: FetchGoods, context: Context) -> Iterable[Message]:
        store = context.store(Reservations)
        before = store.get(command.reference)
        if before is None or before.state != "unavailable":
            answers: Iterable[Message] = original(command, context)
            return answers
        missing = handlers.reserve(rules.added_up(command.items), context.store(Stock))
        return [rules.answer(store.put(rules.decided(command, missing, "")))]

    return rewritten(handlers.fetch_goods, fetch)


@bug
def goods_fetched_twice() -> AbstractContextManager[None]:
    """Who asks again for goods has them set aside again."""

    def fetch(original: Any, command: FetchGoods, context: Context) -> Iterable[Message]:
        before = context.store(Reservations).get(command.reference)
        if before is not None and before.state == "fetched":
            context.store(Stock).reserve(before.goods)
        answers: Iterable[Message] = original(command, context)
        return answers

    return rewritten(handlers.fetch_goods, fetch)


@bug
def release_of_goods_that_were_shipped() -> AbstractContextManager[None]:
    """Goods that have left are released all the same."""
    return replaced(rules, "released", lambda reservation: replace(reservation, state="released"))


@bug
def release_without_the_goods() -> AbstractContextManager[None]:
    """A reservation is released, and its goods do not go back to the shelf."""

    def move(self: Stock, goods: Any, source: Any, target: Any) -> None:
        if target != "on_hand":
            original(self, goods, source, target)

    original = Stock.move
    return replaced(Stock, "move", move)


@bug
def goods_promised_that_are_not_there() -> AbstractContextManager[None]:
    """Goods that are missing are said to be fetched."""

    def decided(command: FetchGoods, _missing: Any, pick_id: str) -> Reservation:
        return original(command, [], pick_id)

    original = rules.decided
    return replaced(rules, "decided", decided)


@bug
def shipped_goods_still_reserved() -> AbstractContextManager[None]:
    """Inventory does not care what was shipped."""
    return rewritten(handlers.goods_shipped, lambda _original, _event, _context: [])


@bug
def release_not_answered() -> AbstractContextManager[None]:
    """Who has released goods says so only once."""

    def release(original: Any, command: Any, context: Context) -> Iterable[Message]:
        before = context.store(Reservations).get(command.reference)
        answers: Iterable[Message] = original(command, context)
        return [] if before is not None and before.state == "released" else answers

    return rewritten(handlers.release_goods, release)


@bug
def enough_said_to_be_missing() -> AbstractContextManager[None]:
    """Of what is missing, that is said to be missing, too, of which there is exactly enough."""

    def shortfalls(wanted: Mapping[str, int], on_hand: Mapping[str, int]) -> list[Missing]:
        missing = original({sku: quantity + 1 for sku, quantity in wanted.items()}, on_hand)
        return [each.model_copy(update={"wanted": wanted[each.sku]}) for each in missing]

    original = rules.shortfalls
    return replaced(rules, "shortfalls", shortfalls)


@bug
def second_count_not_of_the_first() -> AbstractContextManager[None]:
    """Two who count at once both book the difference to what was there before."""

    def receive(self: Stock, receipt_id: UUID, sku: str, difference: int, at: datetime) -> None:
        original(self, receipt_id, sku, difference, at)
        self._on_hand[sku] = self.on_hand([sku])[sku] - difference

    original = Stock.receive
    return replaced(Stock, "receive", receive)


BUGS = (
    goods_tombstone_not_kept,
    reservation_decided_twice,
    goods_fetched_twice,
    release_of_goods_that_were_shipped,
    release_without_the_goods,
    goods_promised_that_are_not_there,
    shipped_goods_still_reserved,
    release_not_answered,
    enough_said_to_be_missing,
    second_count_not_of_the_first,
)
