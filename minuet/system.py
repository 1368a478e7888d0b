"""What one process runs: everything (embedded), or a few services of many (distributed). One wiring for both."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import httpx
from fastapi import FastAPI

import sandbox_gateway.api
from bus.activity import Activity
from bus.clock import AcceleratedClock, Clock
from bus.service import Service
from bus.standing_clock import StandingClock
from bus.transport import Transport
from minuet import health, services, web
from minuet.databases import Databases
from minuet.probe import Probe, database_probe
from minuet.runtime import Runtime
from minuet.settings import Settings, parse_clock
from minuet.starting import Starting
from minuet.transports import open_transport
from payment_service.gateway import Client
from sandbox_gateway.nearby import Nearby
from sandbox_gateway.sandbox import Sandbox


@dataclass(frozen=True)
class System:
    """Its `app` answers from the beginning, and says that it is not ready until it has started."""

    app: FastAPI
    starting: Starting
    clock: Clock
    activity: Activity
    transport: Transport
    services: Sequence[Service]


@asynccontextmanager
async def system(settings: Settings, names: Sequence[str], hosts: Sequence[str] = ()) -> AsyncIterator[System]:
    """Build it, and touch nothing yet; on leaving, finish what is in hand and close. Raises ValueError: the clock."""
    clock, activity = clock_for(settings, names)
    async with AsyncExitStack() as stack:
        databases = Databases(settings)
        stack.callback(databases.close)
        transport = open_transport(settings, databases.open, clock, activity)
        stack.push_async_callback(transport.close)
        sandbox = Sandbox(databases.open("gateway"), clock) if has_sandbox(settings, names) else None
        client = await stack.enter_async_context(gateway_client(settings, sandbox))
        built = services.build(names, client)
        runtime = Runtime(built, databases.open, transport, clock, uuid4, activity)
        stack.push_async_callback(runtime.stop)
        starting = Starting(databases, runtime)
        routers = [*runtime.routers(), health.routes(probes(built, databases, transport, sandbox), starting.done)]
        app = web.build_app(routers, hosts=hosts, token=settings.api_token, started=starting.wait)
        if sandbox is not None:
            app.mount("/gateway", sandbox_gateway.api.app(sandbox))
        yield System(app, starting, clock, activity, transport, built)


def clock_for(settings: Settings, names: Sequence[str]) -> tuple[Clock, Activity]:
    """Only where everything happens in one process can time stand still while something is under way."""
    clock = parse_clock(settings.clock, datetime.now(UTC), kept=True)  # a new one was judged by `up`
    if isinstance(clock, AcceleratedClock) and settings.transport == "sql" and set(services.NAMES) <= set(names):
        standing = StandingClock(clock)
        return standing, standing
    return clock, Activity()


def has_sandbox(settings: Settings, names: Sequence[str]) -> bool:
    """The sandbox runs where it is named, and with payment if that is not told of a gateway elsewhere."""
    return services.GATEWAY in names or ("payment" in names and settings.gateway_url is None)


@asynccontextmanager
async def gateway_client(settings: Settings, sandbox: Sandbox | None) -> AsyncIterator[Client]:
    """To the gateway elsewhere, perhaps one of ours under the same token, or in this process."""
    if settings.gateway_url is None and sandbox is not None:
        yield Nearby(sandbox)
        return
    headers = {"Authorization": f"Bearer {settings.api_token}"} if settings.api_token else {}
    async with httpx.AsyncClient(base_url=settings.gateway_url or "", headers=headers) as client:
        yield client


def probes(
    built: Sequence[Service], databases: Databases, transport: Transport, sandbox: Sandbox | None
) -> health.Probes:
    """What each service needs to be ready."""
    broker = Probe("broker", transport.check)
    needed = {service.name: [database_probe(databases.open(service.name)), broker] for service in built}
    if sandbox is not None:
        needed[services.GATEWAY] = [database_probe(databases.open(services.GATEWAY))]
    return needed
