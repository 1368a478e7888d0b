"""What merchants do: they set prices, count goods, and give credit."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from minuet.simulation.acting import Acting
from minuet.simulation.chance import branch
from minuet.simulation.oracle.violation import Violation
from minuet.simulation.plan import CUSTOMERS, PRICES, PlannedOrder
from minuet.simulation.strangers import PAYERS
from minuet.simulation.world import World

COUNTED = (3, 6)  # days on which the stock is counted, and what has come meanwhile
ABROAD = timedelta(days=6.5)  # most orders have arrived by then, and no price guarantee is over
CREDITS = ({"c-2": 7000}, {"c-1": 900, "c-2": 900})  # in different worlds: enough for an order, or never enough
SHARES = (0.0, 0.3, 0.7, 1.5), (1, 2, 2, 3)  # of the goods that will be wanted: there in the beginning; how often so


class Merchants:
    def __init__(self, world: World, acting: Acting) -> None:
        self._world = world
        self._acting = acting
        self._books = world.oracle.books
        self._chance = branch(world.seed, "merchants")
        self._ordered = 0

    async def open_shop(self, orders: Sequence[PlannedOrder]) -> None:
        """Customers, prices and stock; how much there is depends on how much will be wanted."""
        for customer_id, (tier, address) in CUSTOMERS.items():
            body = {
                "name": f"Mx {customer_id}",
                "email": f"{customer_id}@example.com",
                "address": address,
                "tier": tier,
            }
            await self._acting.insist("order", "PUT", f"/customers/{customer_id}", {**body, "rewards_member": False})
        self._ordered = len(orders)
        wanted = dict.fromkeys(PRICES, 0)
        for order in orders:
            for item in order.body["items"]:
                wanted[item["sku"]] += item["quantity"]
        for sku, price in PRICES.items():
            share = self._chance.choices(*SHARES)[0]
            await self._acting.insist("order", "PUT", f"/catalogue/{sku}", {"name": sku, "price": euros(price)})
            await self._acting.insist("inventory", "PUT", f"/stock/{sku}", self._counted(sku, int(wanted[sku] * share)))
        for customer_id, balance in self._chance.choice(CREDITS).items():
            await self._acting.insist("payment", "PUT", f"/credits/{customer_id}", {"balance": euros(balance)})
        for stranger in PAYERS:
            await self._acting.insist("payment", "PUT", f"/credits/{stranger.id}", {"balance": euros(500)})

    def plan(self) -> None:
        for day in COUNTED:
            self._acting.plan(timedelta(days=day), self._count_stock)
        self._acting.plan(timedelta(days=4), self._take_credit_back)
        self._acting.plan(timedelta(days=5), self._raise_prices)
        self._acting.plan(ABROAD, self._sell_abroad)

    async def _raise_prices(self) -> None:
        for sku, price in PRICES.items():
            body = {"name": sku, "price": euros(price + self._chance.randrange(-100, 500))}
            await self._acting.attempt("order", "PUT", f"/catalogue/{sku}", body)

    async def _take_credit_back(self) -> None:
        for customer_id in sorted({customer_id for given in CREDITS for customer_id in given}):
            await self._acting.attempt("payment", "PUT", f"/credits/{customer_id}", {"balance": euros(0)})

    async def _sell_abroad(self) -> None:
        """In dollars from now on, in some worlds: whoever has ordered before has euros to pay, and all have."""
        if self._chance.random() < 0.5 and len(self._books.order_ids()) == self._ordered:
            sku = self._chance.choice(list(PRICES))
            price = {"amount": PRICES[sku], "currency": "USD"}
            await self._acting.attempt("order", "PUT", f"/catalogue/{sku}", {"name": sku, "price": price})

    async def _count_stock(self) -> None:
        """Some is counted by two at once. Who counts alone finds what he has counted, if nothing is moved meanwhile."""
        for sku in PRICES:
            [before], people = self._stock_of(sku), self._chance.choice((1, 1, 2))
            [counted, *_] = await asyncio.gather(*(self._count(sku) for _ in range(people)))
            [(on_hand, *moved)] = self._stock_of(sku)
            if people == 1 and [*before[1:]] == moved and counted not in (None, on_hand):
                self._world.end(
                    Violation("S2", "what was counted is on hand", f"{counted} of {sku}, and not {on_hand}")
                )

    def _stock_of(self, sku: str) -> list[tuple[int, int, int]]:
        return self._books.rows("inventory", "SELECT on_hand, reserved, shipped FROM stock WHERE sku = ?", sku)

    async def _count(self, sku: str) -> int | None:
        """Returns what was booked."""
        [(there, *_)] = self._stock_of(sku)
        counted = max(0, there + self._chance.randrange(-1, 4))
        answer = await self._acting.attempt("inventory", "PUT", f"/stock/{sku}", self._counted(sku, counted))
        return counted if answer is not None and answer.is_success else None

    def _counted(self, sku: str, on_hand: int) -> dict[str, Any]:
        self._world.oracle.counted.setdefault(sku, set()).add(on_hand)
        return {"on_hand": on_hand}


def euros(cents: int) -> dict[str, Any]:
    return {"amount": cents, "currency": "EUR"}
