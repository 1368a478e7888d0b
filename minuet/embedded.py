"""The whole system in one process: every service, the bus and the gateway on SQLite files in one folder."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import httpx
from fastapi import FastAPI

import sandbox_gateway.api
from bus.activity import Activity
from bus.clock import AcceleratedClock, Clock
from bus.database import Database
from bus.service import Service
from bus.standing_clock import StandingClock
from bus.transports.sql import SqlTransport
from minuet import services, web
from minuet.migrations import migrate
from minuet.runtime import Runtime
from minuet.settings import Settings, parse_clock


@dataclass
class Embedded:
    """The running system, with the transport for whoever wants to listen in."""

    app: FastAPI
    clock: Clock
    activity: Activity
    transport: SqlTransport
    services: list[Service]


@asynccontextmanager
async def embedded(settings: Settings, hosts: tuple[str, ...] = ()) -> AsyncIterator[Embedded]:
    """Start everything; on leaving, finish what is in hand and close. Databases are created or upgraded first."""
    clock, activity = clock_of(settings)
    async with AsyncExitStack() as stack:

        def open_database(service: str) -> Database:
            database = Database(settings.database_of(service))
            stack.callback(database.close)
            migrate(service, database.engine)
            return database

        transport = SqlTransport(open_database("bus"), clock.machine, activity)
        stack.push_async_callback(transport.close)
        gateway = sandbox_gateway.api.app(open_database("gateway"), clock)
        client = await stack.enter_async_context(gateway_client(settings, gateway))
        built = services.build(services.NAMES, client)
        runtime = Runtime(built, open_database, transport, clock, uuid4, activity)
        await runtime.start()
        stack.push_async_callback(runtime.stop)
        app = web.build_app(runtime.routers(), hosts=hosts, token=settings.api_token)
        app.mount("/gateway", gateway)
        yield Embedded(app, clock, activity, transport, built)


def clock_of(settings: Settings) -> tuple[Clock, Activity]:
    clock = parse_clock(settings.clock, datetime.now(UTC))
    if isinstance(clock, AcceleratedClock):
        standing = StandingClock(clock)
        return standing, standing
    return clock, Activity()


def gateway_client(settings: Settings, sandbox: FastAPI) -> httpx.AsyncClient:
    """The same client, whether the gateway is elsewhere or the sandbox in this process."""
    if settings.gateway_url is not None:
        return httpx.AsyncClient(base_url=settings.gateway_url)
    return httpx.AsyncClient(transport=httpx.ASGITransport(sandbox), base_url="http://gateway.local")
