"""What customers do."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextvars import copy_context
from datetime import timedelta
from functools import partial
from typing import Any

import httpx

from minuet.simulation.acting import Acting
from minuet.simulation.chance import branch, scatter
from minuet.simulation.oracle.heeded import HEEDED
from minuet.simulation.oracle.instances import OrderRow
from minuet.simulation.oracle.touched import Touched
from minuet.simulation.oracle.violation import Violation
from minuet.simulation.plan import PlannedOrder
from minuet.simulation.world import World
from order_service.messages import CancelOrder, PlaceOrder

MUST_HEED = HEEDED["order", "CancelOrder"]
MISUSED = 0.1  # the share of requests beside which there is one that must be refused
IMPATIENT = 0.7  # the share of customers who cancel while a deadline of their order waits among the dead letters
CALLED_OFF = 0.3  # and while somebody else tries again what nobody knows the outcome of
HANGS_SECONDS = (1.0, 2.4)
HANGING = 0.6  # and while their card is still being charged after so long
SAID_AGAIN = 0.3  # the share of bank transfers of which we are told twice


class Customers:
    def __init__(self, world: World, acting: Acting, orders: Sequence[PlannedOrder]) -> None:
        self._world = world
        self._acting = acting
        self._orders = orders
        self._books = world.oracle.books
        self._chance = branch(world.seed, "customers")
        self._placed = 0
        self._transfers: dict[str, set[str]] = {}  # their keys, by the invoice's reference
        self._regretful = {str(order.order_id): order for order in orders if order.regrets and not order.over_http}
        self._outside = copy_context()  # of no process: not of the one that has just committed
        world.watchers.append(self._committed)

    @property
    def waiting(self) -> bool:
        """Somebody has not placed an order yet that he is going to place."""
        return self._placed < len(self._orders)

    def plan(self) -> None:
        for order in self._orders:
            self._acting.plan(order.at, partial(self._place, order))
            for after, wait in order.cancels:
                self._acting.plan(order.at + after, partial(self._cancel, order, after, wait))
            for after, answer in order.answers:
                self._acting.plan(order.at + after, partial(self._answer_price, order, answer))
            for after, share in order.payments:
                self._acting.plan(order.at + after, partial(self._pay_invoice, order, share))

    async def _place(self, order: PlannedOrder) -> None:
        await asyncio.sleep(order.wait)
        if order.over_http:
            key = {"Idempotency-Key": f"k{order.number}"}
            times = self._chance.choice((1, 2))  # did they hear me?
            answers = [await self._acting.insist("order", "POST", "/orders", order.body, key) for _ in range(times)]
            ids = [answer.json().get("order_id") for answer in answers]
            if None in ids or ids[0] != ids[-1]:
                said = [answer.text for answer in answers]
                self._world.end(Violation("S4", "who asks twice under one key has asked once", f"{said}"))
            self._world.oracle.accepted.update(dict.fromkeys(ids))
            self._world.oracle.cards.given[ids[0]] = order.token
            await self._misuse(key, order)
        else:
            self._world.oracle.cards.given[str(order.order_id)] = order.token
            await self._acting.publish(PlaceOrder.model_validate({**order.body, "order_id": order.order_id}), "place")
            self._world.oracle.accepted[str(order.order_id)] = None
        self._placed += 1

    async def _misuse(self, key: Mapping[str, str], order: PlannedOrder) -> None:
        """One key, another order: it is not taken for the first one."""
        if self._chance.random() < MISUSED:
            more = {"items": [*order.body["items"], {"sku": "CUP", "quantity": 1}]}
            others_card = {"payment": {"method": "card", "token": "tok_of_somebody_else"}}
            other = {**order.body, **self._chance.choice((more, others_card))}
            answer = await self._acting.attempt("order", "POST", "/orders", other, key)
            self._refused(answer, "S4", "a key is one order's")

    def _refused(self, answer: httpx.Response | None, invariant: str, meaning: str) -> None:
        if answer is not None and answer.is_success:
            self._world.end(
                Violation(invariant, meaning, f"{answer.request.method} {answer.request.url}: {answer.text}")
            )

    async def _cancel(self, order: PlannedOrder, after: timedelta, wait: float) -> None:
        await asyncio.sleep(wait if after else order.wait + wait)
        await self._call_off(order, f"cancel {after} {wait}")

    async def _call_off(self, order: PlannedOrder, purpose: str) -> None:
        if not order.over_http and self._chance.random() < 0.5:
            await self._acting.publish(CancelOrder(order_id=order.order_id), purpose)
        else:
            answer = await self._acting.attempt("order", "POST", f"/orders/{self._id_of(order)}/cancel")
            if answer is not None and answer.is_success:
                self._heeded(self._id_of(order))

    def _heeded(self, order_id: str) -> None:
        """Whoever is told that it is being cancelled finds it so."""
        found = self._books.order(order_id)
        lines = self._books.history("order", found) if found is not None else []
        if found is not None and found.state in MUST_HEED and all(line.because != "CancelOrder" for line in lines):
            self._world.end(Violation("S7", "nobody's word is lost on an order", f"{order_id} is {found.state}"))

    def _committed(self, service: str, rows: Sequence[Touched]) -> None:
        """Those who have regrets look at once what has become of their orders; and nobody likes to be kept waiting."""
        for table, event, key in rows:
            if (service, table, event) == ("order", "dead_letters", "INSERT"):
                self._world.loop.call_soon(self._lose_patience, key, context=self._outside)
            if (service, table, event) == ("payment", "effects", "UPDATE"):
                self._world.loop.call_soon(self._lose_trust, key, context=self._outside)
            if (service, table, event) == ("payment", "effects", "INSERT"):
                wait = self._chance.uniform(*HANGS_SECONDS)
                self._world.loop.call_later(wait, self._change_mind, key, context=self._outside)
            if service == "order" and table == "saga_instances" and key in self._regretful:
                found = self._books.order(key)
                if found is not None and found.state in self._regretful[key].regrets:
                    self._world.loop.call_soon(self._regret, self._regretful.pop(key), context=self._outside)

    def _lose_patience(self, message_id: str) -> None:
        """A deadline has gone off, and nothing could be done about it yet."""
        query = "SELECT body FROM dead_letters WHERE message_id = ? AND headers LIKE '%saga.deadline-reached.%'"
        for (body,) in self._books.rows("order", query, message_id):
            if self._chance.random() < IMPATIENT:
                self._acting.begin(self._give_up(json.loads(body)["about"], scatter(self._chance)))

    def _change_mind(self, effect_id: str) -> None:
        """Still under way?"""
        for (subject,) in self._books.rows("payment", "SELECT subject FROM effects WHERE effect_id = ?", effect_id):
            if self._chance.random() < HANGING:
                self._acting.begin(self._give_up(subject, 0.0))

    def _lose_trust(self, effect_id: str) -> None:
        """A call takes longer than it should."""
        query = "SELECT subject FROM effects WHERE effect_id = ? AND attempts = 2"
        for (subject,) in self._books.rows("payment", query, effect_id):
            if self._chance.random() < CALLED_OFF:
                self._acting.begin(self._give_up(subject, scatter(self._chance)))

    async def _give_up(self, order_id: str, wait: float) -> None:
        await asyncio.sleep(wait)
        await self._acting.attempt("order", "POST", f"/orders/{order_id}/cancel")

    def _regret(self, order: PlannedOrder) -> None:
        self._acting.begin(self._cancel_soon(order, scatter(self._chance)))

    async def _cancel_soon(self, order: PlannedOrder, wait: float) -> None:
        await asyncio.sleep(wait)
        await self._call_off(order, "regret")

    async def _answer_price(self, order: PlannedOrder, answer: str) -> None:
        await asyncio.sleep(scatter(self._chance))
        found = self._books.order(self._id_of(order))
        if found is None or (found.name != "awaiting_price_decision" and self._chance.random() < 0.8):
            return
        quote = (found.data["quote"] or {}).get("number", 1)
        other = quote + self._chance.choice((1, -1)) if answer == "other" else quote
        body: dict[str, Any] = {"accept": answer != "decline", "quote": other}
        if answer == "new card":
            body["token"] = self._chance.choice(("tok_ok", "tok_ok", "tok_unknown_1", "tok_declined"))
        answered = await self._acting.attempt("order", "POST", f"/orders/{self._id_of(order)}/price-decision", body)
        if found.name == "awaiting_price_decision" and answer == "other":
            self._refused(answered, "S1", "nobody pays a price that he was not shown")
        after = self._books.order(self._id_of(order))
        self._decided(answer, found, after, answered)
        if answered is not None and answered.is_success and after is not None:
            accepted = after.data["attempt"] == body["quote"] and "token" in body
            if accepted and after.data["card_token"] != body["token"]:
                self._world.end(
                    Violation("S1", "the card that is given is the one that is charged", f"{body}, {after}")
                )

    def _decided(self, answer: str, before: OrderRow, after: OrderRow | None, told: httpx.Response | None) -> None:
        """Whoever answers what he was asked is heard."""
        asked = before.name == "awaiting_price_decision" and answer != "other"
        if asked and told is not None and told.status_code == 409 and after == before:
            self._world.end(Violation("S7", "nobody's word is lost on an order", f"{before.instance_id}: {told.text}"))

    async def _pay_invoice(self, order: PlannedOrder, share: float) -> None:
        await asyncio.sleep(scatter(self._chance))
        reference = self._id_of(order)
        invoice = self._books.invoice(reference)
        if invoice is None or (invoice.name == "paid" and share <= 1):
            return
        asked, paid = invoice.data["amount"], invoice.data["paid"]
        amount, key = max(1, int((asked["amount"] - paid) * share)), f"{share} of it"
        if self._chance.random() < MISUSED:
            self._refused(await self._transfer(reference, key, amount, "USD"), "S1", "euros are not dollars")
        self._transfers.setdefault(reference, set()).add(key)
        answer = await self._transfer(reference, key, amount, asked["currency"])
        if self._chance.random() < SAID_AGAIN:
            again = await self._transfer(reference, key, amount, asked["currency"])
            self._heard_again(answer, again)
        self._booked_once(reference)
        if answer is not None and answer.is_success and self._chance.random() < MISUSED:
            more = await self._transfer(reference, key, amount + 1, asked["currency"])
            self._refused(more, "S1", "a key is one transfer's")

    async def _transfer(self, reference: str, key: str, amount: int, currency: str) -> httpx.Response | None:
        body = {"amount": {"amount": amount, "currency": currency}}
        path = f"/invoices/{reference}/payments"
        return await self._acting.attempt("payment", "POST", path, body, {"Idempotency-Key": key})

    def _heard_again(self, answer: httpx.Response | None, again: httpx.Response | None) -> None:
        if answer is not None and answer.is_success and again is not None and not again.is_success:
            self._world.end(Violation("S4", "who says the same again has said it once", again.text))

    def _booked_once(self, reference: str) -> None:
        booked = self._books.value("payment", "SELECT count(*) FROM invoice_payments WHERE reference = ?", reference)
        if booked > len(self._transfers[reference]):
            self._world.end(Violation("S4", "money that came once is booked once", f"{reference}: {booked} times"))

    def _id_of(self, order: PlannedOrder) -> str:
        if not order.over_http:
            return str(order.order_id)
        query = "SELECT order_id FROM requests WHERE idempotency_key = ?"
        return str(self._books.value("order", query, f"k{order.number}") or order.order_id)
