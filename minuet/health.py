"""`/healthz`: the process lives. `/readyz`: its databases and its transport answer."""

import asyncio
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from bus.errors import Unavailable
from bus.host import Host


def routes(hosts: Sequence[Host]) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz")
    async def ready() -> JSONResponse:
        items = [await asyncio.to_thread(look_at, host) for host in hosts]
        fine = all(item["database"] == "ok" for item in items)
        return JSONResponse({"status": "ok" if fine else "not ready", "items": items}, 200 if fine else 503)

    return router


def look_at(host: Host) -> dict[str, Any]:
    try:
        with host.database.snapshot() as connection:
            connection.execute(sa.text("select 1"))
    except (sa.exc.SQLAlchemyError, Unavailable):
        return {"service": host.service.name, "database": "away"}
    return {"service": host.service.name, "database": "ok"}
