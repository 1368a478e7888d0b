"""What carriers do: their workers ask for parcels, and report, in time or not."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from minuet.simulation.acting import Acting
from minuet.simulation.chance import branch, scatter
from minuet.simulation.clock import START
from minuet.simulation.oracle.violation import Violation
from minuet.simulation.world import DRIFT_SECONDS, World

HOW_OFTEN = 0.7  # of all worlds
CARRIERS_PULL = (timedelta(days=1), timedelta(days=5))  # between these, in some worlds
LEASE_SECONDS = 20.0
LONG_LEASE_SECONDS = 150.0  # some days, as business time leaps
REGRETTED = 0.3  # the share of orders that are cancelled while a carrier's worker has the parcel
MEDDLED = 0.1  # the share of parcels of which somebody else says something
SAID_AGAIN = 0.3  # the share of carriers' reports


class Carriers:
    def __init__(self, world: World, acting: Acting) -> None:
        self._world = world
        self._acting = acting
        self._books = world.oracle.books
        self._chance = branch(world.seed, "carriers")

    def plan(self) -> None:
        """For some days they are not sent parcels, but ask for them."""
        if self._chance.random() < HOW_OFTEN:
            begin, end = CARRIERS_PULL
            self._acting.plan(begin, lambda: self._deliver("pull"))
            for hours in range(2, int((end - begin).total_seconds() / 3600), 9):
                self._acting.plan(begin + timedelta(hours=hours), self._work)
            self._acting.plan(end, lambda: self._deliver("push"))

    async def _deliver(self, mode: str) -> None:
        await self._acting.insist("shipping", "PUT", "/carrier", {"mode": mode})

    async def _work(self) -> None:
        """Ask for work, and do it: in time, too late, not well, or not at all."""
        worker = self._chance.choice(("w-1", "w-2"))
        seconds, asked_at = self._chance.choice((LEASE_SECONDS, LONG_LEASE_SECONDS)), self._machine()
        most = self._chance.choice((1, 3))
        body = {"worker": worker, "max": most, "lease_seconds": seconds}
        answer = await self._acting.attempt("shipping", "POST", "/jobs/claims", body)
        jobs = answer.json()["items"] if answer is not None else []
        if len(jobs) > most:
            self._world.end(Violation("S4", "nobody gets more jobs than he asked for", str(jobs)))
        for job in jobs:
            if datetime.fromisoformat(job["lease_until"]).timestamp() < asked_at + seconds - DRIFT_SECONDS:
                self._world.end(Violation("S8", "nothing is over early: no lease before its time", str(job)))
            await self._do(job, worker, asked_at + seconds - 2 * DRIFT_SECONDS)

    async def _do(self, job: Any, worker: str, held_until: float) -> None:
        """By no clock his lease is over before."""
        pause = self._chance.choice((0.01, 5.0, LEASE_SECONDS))
        if self._chance.random() < REGRETTED:
            self._acting.begin(self._call_off(job["reference"], self._chance.choice((0.0, pause))))
        await asyncio.sleep(pause)
        if self._chance.random() < MEDDLED:
            await self._meddle(job["job_id"])
        report = self._chance.choices(("complete", "fail", None), (55, 25, 20))[0]
        if report is not None:
            await self._report(job["job_id"], worker, report, held_until)

    async def _meddle(self, job_id: str) -> None:
        """Somebody reports who was never given a job."""
        body = {"worker": "w-3", "tracking_number": "T-3"}
        answer = await self._acting.attempt("shipping", "POST", f"/jobs/{job_id}/complete", body)
        if answer is not None and answer.is_success:
            self._world.end(Violation("S3", "who has no parcel has not shipped it", f"{job_id}: {answer.text}"))

    def _machine(self) -> float:
        return START.timestamp() + self._world.loop.time()

    async def _report(self, job_id: str, worker: str, report: str, held_until: float) -> None:
        """Some say it again: did they hear me?"""
        details = {"tracking_number": "T-1"} if report == "complete" else {"reason": "the van broke down"}
        path, body = f"/jobs/{job_id}/{report}", {"worker": worker, **details}
        answer = await self._acting.attempt("shipping", "POST", path, body)
        if answer is not None and not answer.is_success and self._machine() < held_until:
            self._world.end(Violation("S3", "who has a parcel says what becomes of it", f"{path}: {answer.text}"))
        if answer is not None and answer.is_success and self._chance.random() < SAID_AGAIN:
            again = await self._acting.attempt("shipping", "POST", path, body)
            if again is not None and not again.is_success:
                self._world.end(Violation("S4", "who says the same again has said it once", f"{path}: {again.text}"))
            other = {name: f"not {value}" for name, value in details.items()}
            corrected = await self._acting.attempt("shipping", "POST", path, {**body, **other})
            if corrected is not None and corrected.is_success:
                self._world.end(Violation("S4", "what is decided is decided", f"{path}: {corrected.text}"))

    async def _call_off(self, order_id: str, after: float) -> None:
        """Its customer cancels, while the parcel is under way or just when the worker reports."""
        if self._books.order(order_id) is not None:
            await asyncio.sleep(after + scatter(self._chance))
            await self._acting.attempt("order", "POST", f"/orders/{order_id}/cancel")
