"""The gateway over HTTP. Its paths begin with /gateway, whether it is served alone or mounted there."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Path, Request
from fastapi.responses import JSONResponse

from bus import problems
from bus.clock import Clock
from bus.database import Database
from bus.errors import Unavailable
from sandbox_gateway.ledger import AnswerLost, Ledger, Unreachable
from sandbox_gateway.requests import ChargeRequest, RefundRequest
from sandbox_gateway.tokens import behaviour_of

Key = Annotated[str, Path(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]


def app(database: Database, clock: Clock) -> FastAPI:
    """The tables are made by the gateway's migrations, before the first call."""
    app = FastAPI(title="sandbox gateway", docs_url=None, redoc_url=None)
    problems.install(app)
    app.add_exception_handler(Unreachable, unreachable)
    app.add_exception_handler(AnswerLost, answer_lost)
    app.add_exception_handler(Unavailable, answer_lost)  # the commit may have come through: nobody knows
    router = routes(Ledger(database), clock)
    app.include_router(router, prefix="/gateway")
    app.include_router(router, include_in_schema=False)  # a mount takes the prefix away
    return app


def routes(ledger: Ledger, clock: Clock) -> APIRouter:
    router = APIRouter(tags=["gateway"])

    @router.post("/charges")
    async def charge(body: ChargeRequest) -> dict[str, Any]:
        answer = await ledger.charge(body, clock.now())
        await asyncio.sleep(behaviour_of(body.token).delay_ms / 1000)
        return answer

    @router.get("/charges/{key:path}")  # keys may contain slashes
    async def ask(key: Key) -> dict[str, Any]:
        return await ledger.ask(key)

    @router.post("/refunds")
    async def refund(body: RefundRequest) -> dict[str, Any]:
        return await ledger.refund(body, clock.now())

    @router.get("/ledger")
    async def show_ledger() -> dict[str, Any]:
        return await ledger.contents()

    return router


async def unreachable(_: Request, __: Exception) -> JSONResponse:
    return problems.problem(503, "nobody is there; nothing was done")


async def answer_lost(_: Request, __: Exception) -> JSONResponse:
    return problems.problem(504, "the answer was lost on its way")
