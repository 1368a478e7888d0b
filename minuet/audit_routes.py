"""`/audit`: what operators did, to what, when and why."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter

from bus import operator_view
from bus.host import Host
from bus.paging import machine_time, page, place
from minuet.everywhere import After, Limit, Text, read_all


def routes(hosts: Sequence[Host]) -> APIRouter:
    router = APIRouter(tags=["operators"])

    @router.get("/audit")
    def list_actions(target: Text = None, limit: Limit = 50, after: After = None) -> dict[str, Any]:
        start = place(after, machine_time)
        return page(read_all(hosts, lambda *where: operator_view.actions(*where, start, limit + 1, target)), limit)

    return router
