"""`/healthz`: the process lives. `/readyz`: it has started, and its databases and its broker answer."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from bus import problems
from minuet.probe import Probe

Probes = Mapping[str, Sequence[Probe]]


def routes(probes: Probes, started: Callable[[], bool]) -> APIRouter:
    """`probes`: what each service needs, by its name."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz")
    async def ready() -> JSONResponse:
        items = await look_at(probes)
        away = [f"{what} of {item['service']}" for item in items for what in item if item[what] == "away"]
        if away:
            return problems.problem(503, f"away: {', '.join(away)}", items=items)
        if not started():
            return problems.problem(503, "starting: databases are migrated and queues declared first", items=items)
        return JSONResponse({"status": "ok", "items": items})

    return router


async def look_at(probes: Probes) -> list[dict[str, Any]]:
    """All at once, each probe once."""
    every = {probe for needed in probes.values() for probe in needed}
    answers = dict(zip(every, await asyncio.gather(*(probe.answers() for probe in every)), strict=True))
    return [
        {"service": service, **{probe.name: "ok" if answers[probe] else "away" for probe in needed}}
        for service, needed in probes.items()
    ]
