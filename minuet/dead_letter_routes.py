"""`/dead-letters`: what could not be handled, and what a person does about it."""

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter

from bus import operator_view, redriving
from bus.audit import Instruction
from bus.dead_letters import DeadLetters
from bus.host import Host
from bus.incoming import decode
from bus.paging import Entry, machine_time, page, place
from bus.service import Service
from minuet.everywhere import After, By, Id, Limit, owner, read, read_all

Status = Literal["retrying", "parked", "redriven", "discarded"]


def routes(hosts: Sequence[Host]) -> APIRouter:
    router = APIRouter(prefix="/dead-letters", tags=["operators"])

    @router.get("")
    def list_letters(status: Status | None = None, limit: Limit = 50, after: After = None) -> dict[str, Any]:
        start = place(after, machine_time)

        def view(connection: sa.Connection, service: Service) -> list[Entry]:
            return operator_view.letters(connection, service, start, limit + 1, status)

        return page(read_all(hosts, view), limit)

    @router.get("/{letter_id}")
    def show(letter_id: Id) -> dict[str, Any]:
        return shown(owner_of(letter_id), letter_id)

    @router.post("/{letter_id}/redrive")
    async def redrive(letter_id: Id, by: By = None) -> dict[str, Any]:
        """Try it again now. The answer tells what came of it."""
        host = await asyncio.to_thread(owner_of, letter_id)
        message = await host.writer.call(lambda context: redriving.redrive(context, letter_id, by or Instruction()))
        await host.writer.do([decode(host.service, message, DeadLetters())])
        return await asyncio.to_thread(shown, host, letter_id)

    @router.post("/{letter_id}/discard")
    async def discard(letter_id: Id, by: By = None) -> dict[str, Any]:
        """Give it up: it counts as handled."""
        host = await asyncio.to_thread(owner_of, letter_id)
        await host.writer.call(lambda context: redriving.discard(context, letter_id, by or Instruction()))
        return await asyncio.to_thread(shown, host, letter_id)

    def owner_of(letter_id: str) -> Host:
        return owner(hosts, lambda connection, service: operator_view.knows_letter(connection, service, letter_id))

    return router


def shown(host: Host, letter_id: str) -> dict[str, Any]:
    return read(host, lambda connection, service: operator_view.one_letter(connection, service, letter_id))
