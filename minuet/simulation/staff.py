"""What the people do who work for the shop: merchants, operators, the call centre, carriers."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from minuet.simulation.acting import Acting
from minuet.simulation.chance import branch, scatter
from minuet.simulation.plan import CUSTOMERS, PRICES, PlannedOrder
from minuet.simulation.world import World

ROUNDS = (1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 13, 14, 16, 17, 20, 24, 30, 38, 45, 62, 75, 100, 123, 130, 160)  # days
TO_THE_MINUTE = 0.4  # the share of rounds on the day, and so when deadlines of that day are due
CARRIERS_PULL = (timedelta(days=1), timedelta(days=5))  # between these, in some worlds
COUNTED = (3, 6)  # days on which the stock is counted, and what has come meanwhile
LEASE_SECONDS = 20.0
LONG_LEASE_SECONDS = 150.0  # some days, as business time leaps
REGRETTED = 0.3  # the share of orders that are cancelled while a carrier's worker has the parcel
BY_MISTAKE = 0.1  # the share of closed cases that somebody takes for open, and of deadlines for letters
AGENTS = ("anna", "ben")
SHARES = (0.0, 0.3, 0.7, 1.5), (1, 2, 2, 3)  # of the goods that will be wanted: there in the beginning; how often so


class Staff:
    def __init__(self, world: World, acting: Acting) -> None:
        self._world = world
        self._acting = acting
        self._books = world.oracle.books
        self._chance = branch(world.seed, "staff")
        self._reasons = 0

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
        wanted = dict.fromkeys(PRICES, 0)
        for order in orders:
            for item in order.body["items"]:
                wanted[item["sku"]] += item["quantity"]
        for sku, price in PRICES.items():
            share = self._chance.choices(*SHARES)[0]
            await self._acting.insist("order", "PUT", f"/catalogue/{sku}", {"name": sku, "price": euros(price)})
            await self._acting.insist("inventory", "PUT", f"/stock/{sku}", self._counted(sku, int(wanted[sku] * share)))
        await self._acting.insist("payment", "PUT", "/credits/c-2", {"balance": euros(7000)})
        await self._acting.insist("payment", "PUT", "/credits/s-1", {"balance": euros(500)})

    def plan(self) -> None:
        for day in ROUNDS:
            part = 0.0 if self._chance.random() < TO_THE_MINUTE else self._chance.random()
            for act in (self._attend, self._clear, self._redrive, self._reschedule):
                self._acting.plan(timedelta(days=day + part), act)
        self._acting.plan(timedelta(days=5), self._raise_prices)
        for day in COUNTED:
            self._acting.plan(timedelta(days=day), self._count_stock)
        if self._chance.random() < 0.5:
            begin, end = CARRIERS_PULL
            self._acting.plan(begin, lambda: self._carriers("pull"))
            for hours in range(2, int((end - begin).total_seconds() / 3600), 9):
                self._acting.plan(begin + timedelta(hours=hours), self._work)
            self._acting.plan(end, lambda: self._carriers("push"))

    # --- merchants

    async def _raise_prices(self) -> None:
        for sku, price in PRICES.items():
            body = {"name": sku, "price": euros(price + self._chance.randrange(-100, 500))}
            await self._acting.attempt("order", "PUT", f"/catalogue/{sku}", body)

    async def _count_stock(self) -> None:
        for sku in PRICES:
            there = self._books.value("inventory", "SELECT on_hand FROM stock WHERE sku = ?", sku)
            body = self._counted(sku, max(0, there + self._chance.randrange(-1, 4)))
            await self._acting.attempt("inventory", "PUT", f"/stock/{sku}", body)

    def _counted(self, sku: str, on_hand: int) -> dict[str, Any]:
        self._world.oracle.counted.setdefault(sku, set()).add(on_hand)
        return {"on_hand": on_hand}

    # --- operators

    async def _attend(self) -> None:
        for order_id in self._books.orders_in("needs_attention"):
            action = self._chance.choices(("retry", "close", None), (45, 40, 15))[0]
            if action is not None:
                await self._some_time()
                await self._do("order", f"/orders/{order_id}/attention", {"action": action}, "olga")

    async def _redrive(self) -> None:
        """Letters that are parked, and sometimes one that would be tried again anyway.

        What will never be handled is given up; and now and then somebody tries that with a service's own deadline.
        """
        letters = "SELECT letter_id, status, cause, headers FROM dead_letters WHERE status IN ('parked', 'retrying')"
        for service in self._world.replicas:
            for letter_id, status, cause, headers in self._books.rows(service, f"{letters} ORDER BY 1"):
                hopeless = status == "parked" and any(why in cause for why in ("came before", "not a valid"))
                given_up = 0.8 if hopeless else BY_MISTAKE if "saga.deadline-reached" in headers else 0.0
                if self._chance.random() < given_up:
                    await self._do(service, f"/dead-letters/{letter_id}/discard", {}, "olga")
                elif status == "parked" or self._chance.random() < 0.3:
                    await self._do(service, f"/dead-letters/{letter_id}/redrive", {}, "olga")

    async def _reschedule(self) -> None:
        for service in self._world.replicas:
            if self._world.faults.strike("operators", service) is not None:
                timers = self._books.rows(service, "SELECT timer_id FROM timers ORDER BY due_at, timer_id")
                if timers:  # every other time the next: perhaps it goes off just now
                    await self._meddle(service, self._chance.choice((timers[0], self._chance.choice(timers)))[0])

    async def _meddle(self, service: str, timer_id: str) -> None:
        action = self._chance.choice(("postpone", "fire", "fire", "cancel"))
        body = {"days": self._chance.choice((0.5, 2.0))} if action == "postpone" else {}
        await self._some_time()
        await self._do(service, f"/timers/{timer_id}/{action}", body, "otto")

    async def hurry(self, service: str, subject: str) -> None:
        """Let all that is set for it go off now."""
        timers = "SELECT timer_id FROM timers WHERE subject = ? ORDER BY due_at, timer_id"
        for (timer_id,) in self._books.rows(service, timers, subject):
            await self._do(service, f"/timers/{timer_id}/fire", {}, "otto")

    # --- the call centre

    async def _clear(self) -> None:
        cases = "SELECT case_id FROM clearing_cases WHERE outcome IS NULL ORDER BY opened_at, case_id"
        for (case_id,) in self._books.rows("payment", cases):
            await self._some_time()
            if self._chance.random() < 0.5:
                agent = self._chance.choice(AGENTS)
                await self._acting.attempt("payment", "POST", f"/clearing-cases/{case_id}/claim", {"agent": agent})
            if self._chance.random() < 0.25:
                await self._resolve(case_id)
        closed = "SELECT case_id FROM clearing_cases WHERE outcome IS NOT NULL ORDER BY opened_at, case_id"
        for (case_id,) in self._books.rows("payment", closed):
            if self._chance.random() < BY_MISTAKE:
                await self._resolve(case_id)

    async def _resolve(self, case_id: str) -> None:
        agent, note = self._chance.choice(AGENTS), self._reason()
        body: dict[str, Any] = {"outcome": "gave_up", "note": note, "agent": agent}
        if self._chance.random() < 0.75:
            cards = ("tok_ok", "tok_ok", "tok_declined", "tok_unknown_1", "tok_flaky_2", "tok_slow_3000")
            body = {**body, "outcome": "new_card", "token": self._chance.choice(cards)}
            self._world.oracle.clearing.cards[note] = body["token"]
        self._world.oracle.clearing.outcomes[note] = body["outcome"]
        answer = await self._acting.attempt("payment", "POST", f"/clearing-cases/{case_id}/resolve", body)
        if answer is not None and answer.is_success:
            self._world.oracle.audit.done["payment", note] = agent

    # --- carriers

    async def _carriers(self, mode: str) -> None:
        await self._acting.insist("shipping", "PUT", "/carrier", {"mode": mode})

    async def _work(self) -> None:
        """Ask for work, and do it: in time, too late, not well, or not at all."""
        worker = self._chance.choice(("w-1", "w-2"))
        body = {"worker": worker, "max": 3, "lease_seconds": self._chance.choice((LEASE_SECONDS, LONG_LEASE_SECONDS))}
        answer = await self._acting.attempt("shipping", "POST", "/jobs/claims", body)
        for job in answer.json()["items"] if answer is not None else ():
            pause = self._chance.choice((0.01, 5.0, LEASE_SECONDS))
            if self._chance.random() < REGRETTED:
                self._acting.begin(self._call_off(job["reference"], self._chance.choice((0.0, pause))))
            await asyncio.sleep(pause)
            report = self._chance.choices(("complete", "fail", None), (55, 25, 20))[0]
            if report is not None:
                details = {"tracking_number": "T-1"} if report == "complete" else {"reason": "the van broke down"}
                await self._acting.attempt(
                    "shipping", "POST", f"/jobs/{job['job_id']}/{report}", {"worker": worker, **details}
                )

    async def _call_off(self, order_id: str, after: float) -> None:
        """Its customer cancels, while the parcel is under way or just when the worker reports."""
        if self._books.order(order_id) is not None:
            await asyncio.sleep(after + scatter(self._chance))
            await self._acting.attempt("order", "POST", f"/orders/{order_id}/cancel")

    # --- how they act

    async def _do(self, service: str, path: str, body: dict[str, Any], author: str) -> None:
        """What an operator is told to have done is on record."""
        reason = self._reason()
        answer = await self._acting.attempt(service, "POST", path, {**body, "author": author, "reason": reason})
        if answer is not None and answer.is_success:
            self._world.oracle.audit.done[service, reason] = author

    def _reason(self) -> str:
        self._reasons += 1
        return f"reason {self._reasons}"

    async def _some_time(self) -> None:
        await asyncio.sleep(scatter(self._chance))


def euros(cents: int) -> dict[str, Any]:
    return {"amount": cents, "currency": "EUR"}
