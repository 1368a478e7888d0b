"""Customers, and the people who work for the shop. They act through HTTP or by messages, and read what is there."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import httpx

from bus.envelope import enclose, origin
from bus.message import Message
from minuet.simulation.chance import branch
from minuet.simulation.plan import CUSTOMERS, PRICES, SCATTER_SECONDS, PlannedOrder
from minuet.simulation.world import World
from order_service.messages import CancelOrder, PlaceOrder

ROUNDS = (1, 2, 4, 6, 8, 9, 11, 13, 16, 20, 30, 45, 62, 75, 100, 130, 160)  # days on which operators look around
PATIENCE = 4  # attempts of a person at a service that is not there
AGAIN = timedelta(hours=7)


class People:
    def __init__(self, world: World, orders: Sequence[PlannedOrder]) -> None:
        self._world = world
        self._orders = orders
        self._chance = branch(world.seed, "people")
        self.acting = 0

    async def open_shop(self) -> None:
        """Customers, prices and stock; how much there is depends on how much will be wanted."""
        for customer_id, (tier, address) in CUSTOMERS.items():
            body = {"name": customer_id, "email": f"{customer_id}@example.com", "address": address, "tier": tier}
            await self._insist("order", "PUT", f"/customers/{customer_id}", {**body, "rewards_member": False})
        wanted = dict.fromkeys(PRICES, 0)
        for order in self._orders:
            for item in order.body["items"]:
                wanted[item["sku"]] += item["quantity"]
        for (sku, price), share in zip(PRICES.items(), (1.5, 0.7, 0.4), strict=True):
            await self._insist("order", "PUT", f"/catalogue/{sku}", {"name": sku, "price": euros(price)})
            await self._insist("inventory", "PUT", f"/stock/{sku}", {"on_hand": int(wanted[sku] * share)})

    def plan(self) -> None:
        """Everything that people are going to do."""
        for order in self._orders:
            self._plan(order.at, partial(self._place, order))
            for after, wait in order.cancels:
                self._plan(order.at + after, partial(self._cancel, order, after, wait))
            for after, answer in order.answers:
                self._plan(order.at + after, partial(self._answer_price, order, answer))
            for after, share in order.payments:
                self._plan(order.at + after, partial(self._pay_invoice, order, share))
        for day in ROUNDS:
            self._plan(timedelta(days=day + 0.3), self._attend)
        self._plan(timedelta(days=5), self._raise_prices)
        self._plan(timedelta(days=3), self._count_stock)

    def _plan(self, after: timedelta, act: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._world.agenda.plan(after, lambda: self._do(act()))

    def _do(self, act: Coroutine[Any, Any, None]) -> None:
        self.acting += 1
        self._world.loop.create_task(act).add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self.acting -= 1
        if not task.cancelled():
            task.result()

    # --- customers

    async def _place(self, order: PlannedOrder) -> None:
        await asyncio.sleep(order.wait)
        if order.over_http:
            answer = await self._insist("order", "POST", "/orders", order.body, {"Idempotency-Key": f"k{order.number}"})
            self._world.oracle.accepted[answer.json()["order_id"]] = None
        else:
            await self._publish(PlaceOrder.model_validate({**order.body, "order_id": order.order_id}), "place")
            self._world.oracle.accepted[str(order.order_id)] = None

    async def _cancel(self, order: PlannedOrder, after: timedelta, wait: float) -> None:
        await asyncio.sleep(order.wait + wait)
        order_id = self._id_of(order)
        if not order.over_http and self._chance.random() < 0.5:
            await self._publish(CancelOrder(order_id=order_id), f"cancel {after} {wait}")
        else:
            await self._try("order", "POST", f"/orders/{order_id}/cancel")

    async def _answer_price(self, order: PlannedOrder, answer: str) -> None:
        await asyncio.sleep(SCATTER_SECONDS * self._chance.random())
        found = self._world.oracle.books.order(self._id_of(order))
        if found is None or (found.name != "awaiting_price_decision" and self._chance.random() < 0.8):
            return
        quote = (found.data["quote"] or {}).get("number", 1)
        body: dict[str, Any] = {"accept": answer != "decline", "quote": quote + 1 if answer == "other" else quote}
        if answer == "new card":
            body["token"] = self._chance.choice(("tok_ok", "tok_ok", "tok_unknown_1", "tok_declined"))
        await self._try("order", "POST", f"/orders/{self._id_of(order)}/price-decision", body)

    async def _pay_invoice(self, order: PlannedOrder, share: float) -> None:
        await asyncio.sleep(SCATTER_SECONDS * self._chance.random())
        books, reference = self._world.oracle.books, self._id_of(order)
        found = books.rows("payment", "SELECT amount, paid, currency FROM invoices WHERE reference = ?", reference)
        if found:
            amount, paid, currency = found[0]
            due = max(1, int((amount - paid) * share))
            body = {"amount": {"amount": due, "currency": currency}}
            key = {"Idempotency-Key": f"{order.number}-{share}"}
            await self._try("payment", "POST", f"/invoices/{reference}/payments", body, key)

    # --- operators

    async def _attend(self) -> None:
        for order_id in self._world.oracle.books.orders_in("needs_attention"):
            action = self._chance.choices(("retry", "close", None), (60, 15, 25))[0]
            if action is not None:
                body = {"action": action, "reason": "looked into it", "author": "olga"}
                await self._try("order", "POST", f"/orders/{order_id}/attention", body)

    async def _raise_prices(self) -> None:
        for sku, price in PRICES.items():
            body = {"name": sku, "price": euros(price + self._chance.randrange(-100, 500))}
            await self._try("order", "PUT", f"/catalogue/{sku}", body)

    async def _count_stock(self) -> None:
        for sku in PRICES:
            counted = self._world.oracle.books.value("inventory", "SELECT on_hand FROM stock WHERE sku = ?", sku)
            more = max(0, counted + self._chance.randrange(-1, 3))
            await self._try("inventory", "PUT", f"/stock/{sku}", {"on_hand": more})

    # --- how they act

    def _id_of(self, order: PlannedOrder) -> str:
        if not order.over_http:
            return str(order.order_id)
        key = f"k{order.number}"
        books = self._world.oracle.books
        found = books.value("order", "SELECT order_id FROM requests WHERE idempotency_key = ?", key)
        return str(found or order.order_id)

    async def _publish(self, command: Message, purpose: str) -> None:
        """As a stranger's message on the bus."""
        cause = origin(f"{purpose} {command.subject}", sender="shop", at="")
        envelope = enclose(command, sender="shop", at=self._world.calendar.now, cause=cause, place=0)
        envelope = replace(envelope, source="/shop")
        self._world.oracle.deliveries.say(envelope.id, envelope.type)
        await self._world.courier.broker.publish([envelope])

    async def _insist(
        self, service: str, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Until there is an answer, as somebody does who needs one."""
        while True:
            answer = await self._try(service, method, path, body, headers)
            if answer is not None:
                return answer
            await self._later()

    async def _later(self) -> None:
        """Nobody waits for it meanwhile."""
        returned = self._world.loop.create_future()
        self._world.agenda.plan(AGAIN, lambda: returned.set_result(None))
        self.acting -= 1
        await returned
        self.acting += 1

    async def _try(
        self, service: str, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> httpx.Response | None:
        """A few times. None if nobody answers, or the service says that it cannot now."""
        for _ in range(PATIENCE):
            answer = await self._call(service, method, path, body, headers)
            if answer is not None and answer.status_code < 500:
                self._world.trace.tell("people", f"{method} {path} {answer.status_code}")
                return answer
            await asyncio.sleep(1.0)
        return None

    async def _call(
        self, service: str, method: str, path: str, body: Any, headers: dict[str, str] | None
    ) -> httpx.Response | None:
        replicas = self._world.alive(service)
        if not replicas:
            return None
        http = self._world.stage.http
        request = replicas[pick(self._chance, len(replicas))].run(
            http.request(method, path, json=body, headers=headers)
        )
        try:
            return await request
        except asyncio.CancelledError:
            if request.cancelled():
                return None  # the process died of something
            raise


def pick(chance: random.Random, count: int) -> int:
    return chance.randrange(count) if count > 1 else 0


def euros(cents: int) -> dict[str, Any]:
    return {"amount": cents, "currency": "EUR"}
