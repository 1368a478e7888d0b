"""The gateway itself, whichever way it is asked."""

import asyncio
from typing import Any

from fastapi.responses import JSONResponse

from bus import problems
from bus.clock import Clock
from bus.database import Database
from bus.errors import Unavailable
from sandbox_gateway.ledger import AnswerLost, Ledger, Unreachable
from sandbox_gateway.requests import ChargeRequest, RefundRequest
from sandbox_gateway.tokens import behaviour_of


class Sandbox:
    """Raises Unreachable, AnswerLost, Unavailable, Refused."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._ledger = Ledger(database)
        self._clock = clock

    async def charge(self, request: ChargeRequest) -> dict[str, Any]:
        answer = await self._ledger.charge(request, self._clock.now())
        await asyncio.sleep(behaviour_of(request.token).delay_ms / 1000)
        return answer

    async def ask(self, key: str) -> dict[str, Any]:
        return await self._ledger.ask(key)

    async def refund(self, request: RefundRequest) -> dict[str, Any]:
        return await self._ledger.refund(request, self._clock.now())

    async def ledger(self) -> dict[str, Any]:
        return await self._ledger.contents()


def trouble(error: Unreachable | AnswerLost | Unavailable) -> JSONResponse:
    """What a caller gets to see of it."""
    if isinstance(error, Unreachable):
        return problems.problem(503, "nobody is there; nothing was done")
    return problems.problem(504, "the answer was lost on its way")  # a commit may have come through: nobody knows
