"""What is built once per process and used by every world: databases, services, HTTP applications."""

import contextvars
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cache
from typing import TypeVar, cast

import httpx
import sqlalchemy as sa

import sandbox_gateway.api
import sandbox_gateway.books
from bus.access import Access
from bus.database import Database
from bus.host import Host
from bus.service import Service
from bus.unit import Context
from bus.writer import Writer
from minuet import audit_routes, dead_letter_routes, services, timer_routes, web
from minuet.simulation.clock import START, Calendar
from minuet.simulation.disk import WatchedDisk
from minuet.simulation.network import Network
from minuet.simulation.oracle.touched import watch
from minuet.simulation.replica import RUNNING_IN, Replica
from sandbox_gateway.sandbox import Sandbox

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


class HostAtTheDoor:
    """What operators' endpoints ask of a host."""

    def __init__(self, service: Service) -> None:
        self.service = service

    @property
    def writer(self) -> Writer:
        return _here().host.writer

    @property
    def database(self) -> Database:
        return _here().disk


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
        gateway_disk = WatchedDisk(sandbox_gateway.books.metadata, watch)
        gateway = httpx.ASGITransport(sandbox_gateway.api.app(Sandbox(gateway_disk, self.gateway_clock)))
        self.network = Network(gateway, contextvars.copy_context())
        client = httpx.AsyncClient(transport=self.network, base_url="http://gateway.local")
        self.services: list[Service] = services.build(services.NAMES, client)
        self.disks = {service.name: WatchedDisk(service.metadata, watch) for service in self.services}
        self.disks["gateway"] = gateway_disk
        self.http = {service.name: http_of(service) for service in self.services}

    def databases(self) -> dict[str, sqlite3.Connection]:
        return {name: disk.raw for name, disk in self.disks.items()}

    def clear(self) -> None:
        for disk in self.disks.values():
            disk.wipe()


def http_of(service: Service) -> httpx.AsyncClient:
    """A client of the service's own port."""
    assert service.routes is not None
    hosts = [cast(Host, HostAtTheDoor(service))]
    operating = [each.routes(hosts) for each in (dead_letter_routes, timer_routes, audit_routes)]
    app = web.build_app([service.routes(Door()), *operating])
    served = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=served, base_url="http://localhost")


@cache
def stage() -> Stage:
    return Stage()


def _here() -> Replica:
    replica = RUNNING_IN.get()
    assert replica is not None, "a request runs in a process"
    return replica
