"""`/timers`: what will go off by itself, and what a person does about it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Body
from pydantic import AwareDatetime, Field

from bus import operator_view, rescheduling
from bus.audit import Instruction
from bus.dead_letters import describe
from bus.envelope import Envelope
from bus.errors import Refused
from bus.host import Host
from bus.incoming import decode
from bus.paging import Entry, business_time, page, place
from bus.service import Service
from bus.timers import DueTimers
from minuet.everywhere import After, By, Id, Limit, Text, owner, read_all

MOST_DAYS = 3650


class Postponement(Instruction):
    """To a date, or by a time from when it is due now."""

    due_at: AwareDatetime | None = None
    seconds: Annotated[float | None, Field(gt=0, le=MOST_DAYS * 86400, strict=True)] = None
    days: Annotated[float | None, Field(gt=0, le=MOST_DAYS, strict=True)] = None

    def from_due(self, due_at: datetime) -> datetime:
        """Raises Refused if it is not one of the three, or further away than anyone means."""
        if [self.due_at, self.seconds, self.days].count(None) != 2:
            raise Refused('until when? Give one of "due_at" (RFC 3339, with a zone), "seconds" and "days"')
        until = self.due_at or due_at + timedelta(days=self.days or 0, seconds=self.seconds or 0)
        if until > due_at + timedelta(days=MOST_DAYS):
            raise Refused(f"a timer can be postponed by at most {MOST_DAYS} days")
        return until


def routes(hosts: Sequence[Host]) -> APIRouter:
    router = APIRouter(prefix="/timers", tags=["operators"])

    @router.get("")
    def list_timers(subject: Text = None, name: Text = None, limit: Limit = 50, after: After = None) -> dict[str, Any]:
        start = place(after, business_time)

        def view(connection: sa.Connection, service: Service) -> list[Entry]:
            return operator_view.timers(connection, service, start, limit + 1, subject, name)

        return page(read_all(hosts, view), limit)

    @router.post("/{timer_id}/postpone")
    async def postpone(timer_id: Id, by: Annotated[Postponement | None, Body()] = None) -> dict[str, Any]:
        wanted = by or Postponement()
        host = await asyncio.to_thread(owner_of, timer_id)
        row = await host.writer.call(lambda context: rescheduling.postpone(context, timer_id, wanted.from_due, wanted))
        return {**operator_view.timer(host.service, row), "state": "armed"}

    @router.post("/{timer_id}/fire")
    async def fire(timer_id: Id, by: By = None) -> dict[str, Any]:
        """Let it go off now. If that fails, it is a dead letter, and the answer tells the cause."""
        host = await asyncio.to_thread(owner_of, timer_id)
        row = await host.writer.call(lambda context: rescheduling.fire(context, timer_id, by or Instruction()))
        work = decode(host.service, Envelope.from_row(row), DueTimers())
        await host.writer.do([work])
        came = {"state": "fired"} if work.error is None else {"state": "failed", "cause": describe(work.error)}
        return {**operator_view.timer(host.service, row), **came}

    @router.post("/{timer_id}/cancel")
    async def cancel(timer_id: Id, by: By = None) -> dict[str, Any]:
        host = await asyncio.to_thread(owner_of, timer_id)
        row = await host.writer.call(lambda context: rescheduling.cancel(context, timer_id, by or Instruction()))
        return {**operator_view.timer(host.service, row), "state": "cancelled"}

    def owner_of(timer_id: str) -> Host:
        return owner(hosts, lambda connection, service: operator_view.knows_timer(connection, service, timer_id))

    return router
