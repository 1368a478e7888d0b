"""The gateway over HTTP. Its paths begin with /gateway, whether it is served alone or mounted there."""

from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Path, Request
from fastapi.responses import JSONResponse

from bus import problems
from bus.errors import Unavailable
from sandbox_gateway.ledger import AnswerLost, Unreachable
from sandbox_gateway.requests import ChargeRequest, RefundRequest
from sandbox_gateway.sandbox import Sandbox, trouble

Key = Annotated[str, Path(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]


def app(sandbox: Sandbox) -> FastAPI:
    """The tables are made by the gateway's migrations, before the first call."""
    app = FastAPI(title="sandbox gateway", docs_url=None, redoc_url=None)
    problems.install(app)
    for kind in (Unreachable, AnswerLost, Unavailable):
        app.add_exception_handler(kind, told)
    router = routes(sandbox)
    app.include_router(router, prefix="/gateway")
    app.include_router(router, include_in_schema=False)  # a mount takes the prefix away
    return app


def routes(sandbox: Sandbox) -> APIRouter:
    router = APIRouter(tags=["gateway"])

    @router.post("/charges")
    async def charge(body: ChargeRequest) -> dict[str, Any]:
        return await sandbox.charge(body)

    @router.get("/charges/{key:path}")  # keys may contain slashes
    async def ask(key: Key) -> dict[str, Any]:
        return await sandbox.ask(key)

    @router.post("/refunds")
    async def refund(body: RefundRequest) -> dict[str, Any]:
        return await sandbox.refund(body)

    @router.get("/ledger")
    async def show_ledger() -> dict[str, Any]:
        return await sandbox.ledger()

    return router


async def told(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Unreachable | AnswerLost | Unavailable)
    return trouble(error)
