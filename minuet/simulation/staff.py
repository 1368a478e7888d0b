"""What the people do who look after the system: operators, and the call centre."""

import asyncio
from collections.abc import Sequence
from contextvars import copy_context
from datetime import timedelta
from functools import partial
from typing import Any

from minuet.simulation.acting import Acting
from minuet.simulation.chance import branch, scatter
from minuet.simulation.oracle.books import time_of
from minuet.simulation.oracle.touched import Touched
from minuet.simulation.world import World

ROUNDS = (1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 13, 14, 16, 17, 20, 24, 30, 38, 45, 62, 75, 100, 123, 130, 160)  # days
TO_THE_MINUTE = 0.4  # the share of rounds on the day, and so when deadlines of that day are due
BY_MISTAKE = 0.2  # the share of closed cases that somebody takes for open
IN_A_HURRY = 0.8  # the share of payments to be called off whose next question to the gateway an operator does not await
AGENTS = ("anna", "ben")
RESOLVED = (0.25, 0.25, 0.02)  # the share of open cases in each round, in different worlds: some call centres are small


class Staff:
    def __init__(self, world: World, acting: Acting) -> None:
        self._world = world
        self._acting = acting
        self._books = world.oracle.books
        self._chance = branch(world.seed, "staff")
        self._resolved = self._chance.choice(RESOLVED)
        self._reasons = 0
        self._meddles = "operators" in world.faults.kinds
        self._outside = copy_context()  # of no process: not of the one that has just committed
        world.watchers.append(self._committed)

    def plan(self) -> None:
        for day in ROUNDS:
            part = 0.0 if self._chance.random() < TO_THE_MINUTE else self._chance.random()
            for act in (self._attend, self._clear, self._redrive, self._reschedule):
                self._acting.plan(timedelta(days=day + part), act)

    # --- operators

    async def _attend(self) -> None:
        for order_id in self._books.orders_in("needs_attention"):
            action = self._chance.choices(("retry", "close", None), (45, 40, 15))[0]
            if action is not None:
                await self._some_time()
                await self._do("order", f"/orders/{order_id}/attention", {"action": action}, "olga")

    async def _redrive(self) -> None:
        """Letters that are parked, and sometimes one that would be tried again anyway.

        What will never be handled is given up; and somebody tries that with a service's own deadline.
        """
        letters = "SELECT letter_id, status, cause, headers FROM dead_letters WHERE status IN ('parked', 'retrying')"
        for service in self._world.replicas:
            for letter_id, status, cause, headers in self._books.rows(service, f"{letters} ORDER BY 1"):
                hopeless = status == "parked" and any(why in cause for why in ("came before", "not a valid"))
                a_deadline = self._meddles and "saga.deadline-reached" in headers
                given_up = 0.8 if hopeless else 0.5 if a_deadline else 0.0
                if self._chance.random() < given_up:
                    await self._do(service, f"/dead-letters/{letter_id}/discard", {}, "olga")
                elif status == "parked" or (self._meddles and self._chance.random() < 0.3):
                    await self._do(service, f"/dead-letters/{letter_id}/redrive", {}, "olga")

    async def _reschedule(self) -> None:
        for service in self._world.replicas:
            if self._world.faults.strike("operators", service) is not None:
                timers = self._books.rows(service, "SELECT timer_id, due_at FROM timers ORDER BY due_at, timer_id")
                if timers:  # every other time the next: perhaps it goes off just now, or they wait until it does
                    timer_id, due_at = self._chance.choice((timers[0], self._chance.choice(timers)))
                    wait = self._chance.choice((timedelta(0), time_of(due_at) - self._world.calendar.now))
                    actions = ("postpone", "fire", "fire", "cancel") if not wait else ("postpone", "postpone", "cancel")
                    act = partial(self._meddle, service, timer_id, self._chance.choice(actions))
                    self._acting.plan(max(wait, timedelta(0)), act)

    async def _meddle(self, service: str, timer_id: str, action: str) -> None:
        body = {"days": self._chance.choice((0.5, 2.0))} if action == "postpone" else {}
        await self._some_time()
        await self._do(service, f"/timers/{timer_id}/{action}", body, "otto")

    async def hurry(self, service: str, subject: str) -> None:
        """Let all that is set for it go off now."""
        timers = "SELECT timer_id FROM timers WHERE subject = ? ORDER BY due_at, timer_id"
        for (timer_id,) in self._books.rows(service, timers, subject) if self._meddles else ():
            await self._do(service, f"/timers/{timer_id}/fire", {}, "otto")

    def _committed(self, service: str, rows: Sequence[Touched]) -> None:
        """Somebody wants his money back, or not to pay, and is told that nobody knows yet: some cannot wait."""
        for table, _, key in rows if service == "payment" else ():
            if table == "saga_instances":
                self._world.loop.call_soon(self._urge, key, context=self._outside)

    def _urge(self, instance_id: str) -> None:
        query = "SELECT subject FROM saga_instances WHERE instance_id = ? AND state LIKE 'unsure/%'"
        for (subject,) in self._books.rows("payment", query, instance_id):
            if not self._world.faults.healed and self._chance.random() < IN_A_HURRY:
                self._acting.begin(self.hurry("payment", subject))

    # --- the call centre

    async def _clear(self) -> None:
        cases = "SELECT case_id FROM clearing_cases WHERE outcome IS NULL ORDER BY opened_at, case_id"
        for (case_id,) in self._books.rows("payment", cases):
            await self._some_time()
            if self._chance.random() < 0.5:
                agent = self._chance.choice(AGENTS)
                await self._acting.attempt("payment", "POST", f"/clearing-cases/{case_id}/claim", {"agent": agent})
            if self._chance.random() < self._resolved:
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
