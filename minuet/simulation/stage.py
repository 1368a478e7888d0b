"""What is built once per process and used by every world: databases, services, HTTP applications."""

import contextvars
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cache
from typing import TypeVar

import httpx
import sqlalchemy as sa

import sandbox_gateway.api
import sandbox_gateway.ledger
from bus.access import Access
from bus.service import Service
from bus.unit import Context
from minuet import services, web
from minuet.simulation.clock import START, Calendar
from minuet.simulation.disk import WatchedDisk
from minuet.simulation.network import Network
from minuet.simulation.oracle.touched import watch
from minuet.simulation.replica import RUNNING_IN, Replica

T = TypeVar("T")


class Door(Access):
    """HTTP endpoints reach the process that their request runs in."""

    def __init__(self) -> None:
        self.new_id = lambda: _here().new_id()

    def now(self) -> datetime:
        return _here().clock.now()

    async def write(self, run: Callable[[Context], T], request_id: str | None = None) -> T:
        return await _here().host.writer.call(run, request_id)

    def read(self) -> AbstractContextManager[sa.Connection]:
        return _here().disk.snapshot()


class OutsideClock:
    """The gateway's own: always right."""

    def __init__(self) -> None:
        self.calendar = Calendar()

    def now(self) -> datetime:
        return self.calendar.now

    def machine(self) -> float:
        return START.timestamp()

    def seconds_until(self, due: datetime) -> float:
        return max(0.0, (due - self.now()).total_seconds())


class Stage:
    def __init__(self) -> None:
        self.gateway_clock = OutsideClock()
        gateway_disk = WatchedDisk(sandbox_gateway.ledger.metadata, watch)
        gateway = httpx.ASGITransport(sandbox_gateway.api.app(gateway_disk, self.gateway_clock))
        self.network = Network(gateway, contextvars.copy_context())
        client = httpx.AsyncClient(transport=self.network, base_url="http://gateway.local")
        self.services: list[Service] = services.build(services.NAMES, client)
        self.disks = {service.name: WatchedDisk(service.metadata, watch) for service in self.services}
        self.disks["gateway"] = gateway_disk
        routers = [service.routes(Door()) for service in self.services if service.routes is not None]
        app = web.build_app(routers)
        served = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=served, base_url="http://localhost")

    def databases(self) -> dict[str, sqlite3.Connection]:
        return {name: disk.raw for name, disk in self.disks.items()}

    def clear(self) -> None:
        for disk in self.disks.values():
            disk.wipe()


@cache
def stage() -> Stage:
    return Stage()


def _here() -> Replica:
    replica = RUNNING_IN.get()
    assert replica is not None, "a request runs in a process"
    return replica
