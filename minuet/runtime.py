"""One builder for every way to run: services, their databases, a transport, a clock, ids."""

import asyncio
from collections.abc import Callable, Sequence

from fastapi import APIRouter

from bus.access import Access
from bus.activity import Activity
from bus.clock import Clock
from bus.database import Database
from bus.host import Host
from bus.ids import IdSource
from bus.service import Service
from bus.transport import Transport
from minuet import audit_routes, dead_letter_routes, gauges, timer_routes
from minuet.metrics import Metrics


class Runtime:
    """Services handed to hosts. Opens nothing itself: what it is given is closed by who gave it."""

    def __init__(
        self,
        services: Sequence[Service],
        databases: Callable[[str], Database],
        transport: Transport,
        clock: Clock,
        ids: IdSource,
        activity: Activity,
    ) -> None:
        self.clock = clock
        self.ids = ids
        self._metrics = Metrics()
        self.hosts = [
            Host(service, databases(service.name), transport, clock, ids, activity, self._metrics.hooks(service.name))
            for service in services
        ]

    def routers(self) -> list[APIRouter]:
        """The HTTP surface of the services."""
        mine = [host.service.routes(self._access(host)) for host in self.hosts if host.service.routes is not None]
        everywhere = (dead_letter_routes, timer_routes, audit_routes)
        operating = [each.routes(self.hosts) for each in everywhere]
        return [*mine, *operating, gauges.routes(self._metrics.registry, self.hosts)]

    async def start(self) -> None:
        """All queues are declared, and all services fit to start, before the first says anything. Raises Unfit.

        What fails otherwise may be tried again.
        """
        for host in self.hosts:
            await host.declare()
        for host in self.hosts:
            await host.recover()
        for host in self.hosts:
            await host.start()

    async def stop(self) -> None:
        await asyncio.gather(*(host.stop() for host in self.hosts))

    def _access(self, host: Host) -> Access:
        return Access(host.writer, host.database, self.clock, self.ids)
