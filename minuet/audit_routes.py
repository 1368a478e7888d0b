"""`/audit`: what operators did, to what, when and why."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter

from bus import operator_view
from bus.host import Host
from bus.paging import Entry, machine_time, page, place
from bus.service import Service
from minuet.everywhere import After, Limit, Text, read_all


def routes(hosts: Sequence[Host]) -> APIRouter:
    router = APIRouter(tags=["operators"])

    @router.get("/audit")
    def list_actions(target: Text = None, limit: Limit = 50, after: After = None) -> dict[str, Any]:
        start = place(after, machine_time)

        def view(connection: sa.Connection, service: Service) -> list[Entry]:
            return operator_view.actions(connection, service, start, limit + 1, target)

        return page(read_all(hosts, view), limit)

    return router
