"""What customers are going to want, decided by the seed before anything happens."""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from minuet.simulation.chance import branch, scatter

SHOPPING = timedelta(days=6)  # within which all orders are placed
CARDS = {  # how many of a hundred orders are paid by which
    "tok_ok": 40,
    "tok_declined": 16,
    "tok_expired": 8,
    "tok_flaky_1": 8,
    "tok_flaky_4": 4,
    "tok_unknown_1": 9,
    "tok_unknown_3": 5,
    "tok_slow_2000": 5,
    "tok_slow_4000": 5,
}
CUSTOMERS = {  # id: tier, address
    "c-1": ("standard", "12 Dock Street"),
    "c-2": ("standard", "3 Mill Lane"),
    "c-nowhere": ("standard", " "),  # no carrier finds it
    "c-vip": ("vip", "1 Castle Hill"),
    "c-vip-nowhere": ("vip", " "),
}
ORDINARY, MANY_VIPS = (40, 30, 6, 20, 4), (12, 10, 4, 64, 10)
CROWDS = (ORDINARY, ORDINARY, ORDINARY, MANY_VIPS)  # in different worlds
PRICES = {"TEAPOT": 5900, "CUP": 1250, "SAMOVAR": 24900}
GOODS_WEIGHTS = (50, 35, 15)
DUE, LONGEST = (1, 2, 3, 7, 7, 7, 10), 12  # days after placing
REGRETS = (
    *("awaiting_payment",) * 3,
    "awaiting_goods",
    "awaiting_shipment",
    "awaiting_shipment",
    "awaiting_price_decision",
    "cancelling_shipment",
    "compensating",
    "withdrawing_payment/customer",
    "withdrawing_payment/price",
    "withdrawing_payment/price",
)


@dataclass(frozen=True)
class PlannedOrder:
    number: int
    order_id: UUID
    at: timedelta  # since the beginning
    wait: float  # then so many machine seconds, so that several come at once and yet apart
    body: dict[str, Any]  # as of POST /orders
    over_http: bool
    cancels: tuple[tuple[timedelta, float], ...]  # after placing: business time, then machine seconds
    regrets: tuple[str, ...]  # states of the order: as soon as he sees it in one of these he cancels it
    answers: tuple[tuple[timedelta, str], ...]  # to a new price, if there is one then
    payments: tuple[tuple[timedelta, float], ...]  # of its invoice, if it is open then: the share that is paid

    @property
    def token(self) -> str | None:
        """Of the card that it is to be paid with."""
        return self.body["payment"].get("token")  # type: ignore[no-any-return]


def plan_order(seed: int, number: int) -> PlannedOrder:
    """An order's plan depends on the seed and its number alone: the others may be left out."""
    chance = branch(seed, "order", number)
    crowd = branch(seed, "crowd").choice(CROWDS)
    customer = chance.choices(list(CUSTOMERS), crowd)[0]
    by_invoice = CUSTOMERS[customer][0] == "vip" and chance.random() < 0.8
    card = {"method": "card", "token": chance.choices(list(CARDS), list(CARDS.values()))[0]}
    skus = chance.choices(list(PRICES), GOODS_WEIGHTS, k=chance.choice((1, 1, 2)))  # some on two lines
    return PlannedOrder(
        number=number,
        order_id=UUID(int=chance.getrandbits(128), version=4),
        at=SHOPPING * chance.choice((0.0, 0.0, 0.5, 0.5, chance.random())),
        wait=chance.random() * chance.choice((0.05, 1.0)),
        body={
            "customer_id": customer,
            "items": [{"sku": sku, "quantity": chance.choice((1, 1, 2, 3))} for sku in skus],
            "payment": {"method": "invoice"} if by_invoice else card,
        },
        over_http=chance.random() < 0.15,
        cancels=planned_cancels(chance),
        regrets=tuple(chance.choices(REGRETS, k=chance.choice((1, 2)))) if chance.random() < 0.2 else (),
        answers=planned_answers(chance),
        payments=planned_payments(chance),
    )


def planned_cancels(chance: random.Random) -> tuple[tuple[timedelta, float], ...]:
    kind = chance.random()
    if kind < 0.12:  # regretted at once
        return ((timedelta(0), chance.choice((0.0, chance.random() * 0.3))),)
    if kind < 0.28:
        return ((some_day(chance), scatter(chance)),)
    if kind < 0.32:  # and again
        later = some_day(chance)
        return ((later, 0.0), (later, 0.02), (later + timedelta(days=1), 0.0))
    return ()


def some_day(chance: random.Random) -> timedelta:
    """Every other time to the minute on which a deadline of so many days is due."""
    return timedelta(days=chance.choice((chance.choice(DUE), chance.random() * LONGEST)))


def planned_answers(chance: random.Random) -> tuple[tuple[timedelta, str], ...]:
    soon = sorted(7 + chance.random() * 4 for _ in range(chance.choice((0, 1, 1, 2))))
    days = [*soon, 14.5 + chance.random() * 6]
    if chance.random() < 0.2:
        days = [10.0, *days]
    kinds = ("accept", "accept", "decline", "decline", "other", "other", "new card")
    return tuple((timedelta(days=day), chance.choice(kinds)) for day in days)


def planned_payments(chance: random.Random) -> tuple[tuple[timedelta, float], ...]:
    kind = chance.random()
    if kind < 0.45:
        return ((timedelta(days=3 + chance.random() * 30), 1.0),)
    if kind < 0.6:  # on the day of its reminder, its default or the end of all patience
        return ((timedelta(days=chance.choice((37, 44, 60, 120))), 1.0),)
    if kind < 0.78:  # in two parts, and late, or reminded of the second
        first, then = chance.choice(((20, 12), (20, 25), (20, 50), (20, 50), (32 + chance.random() * 50, 5)))
        return ((timedelta(days=first), 0.4), (timedelta(days=first + then), 1.0))
    if kind < 0.9:  # too much, and once more
        return ((timedelta(days=20), 1.3), (timedelta(days=25), 1.1))
    return ()
