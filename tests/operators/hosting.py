"""The fragile service and the trip service as a running system in this process, reached over HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from bus.activity import Activity
from bus.clock import ManualClock
from bus.database import Database
from bus.envelope import enclose, origin
from bus.message import Message
from bus.transports.memory import MemoryTransport
from minuet.runtime import Runtime
from minuet.web import build_app
from tests.operators.fragile import Fragile
from tests.saga import trip_service

T = TypeVar("T")


class System:
    def __init__(self, runtime: Runtime, fragile: Fragile, transport: MemoryTransport, client: httpx.AsyncClient):
        self.runtime = runtime
        self.fragile = fragile
        self.transport = transport
        self.client = client

    async def publish(self, *messages: Message) -> None:
        cause = origin(str(uuid4()), sender="test", at="")
        now = self.runtime.clock.now()
        batch = [enclose(m, sender="test", at=now, cause=cause, place=place) for place, m in enumerate(messages)]
        assert await self.transport.publish(batch) == [None] * len(messages)

    async def items(self, path: str, **query: Any) -> list[dict[str, Any]]:
        answer = await self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def some(self, path: str, number: int = 1, **query: Any) -> list[dict[str, Any]]:
        """Wait until the list has so many items."""

        async def there() -> list[dict[str, Any]] | None:
            found = await self.items(path, **query)
            return found if len(found) == number else None

        all_there: list[dict[str, Any]] = await until(there)
        return all_there


async def until(what: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Poll with a deadline."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        found = await what()
        if found is not None:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError(f"waited {seconds} s in vain")


@asynccontextmanager
async def system(folder: Path, clock: ManualClock) -> AsyncIterator[System]:
    fragile, transport = Fragile(), MemoryTransport()
    services = [fragile.service(), trip_service.service]
    async with AsyncExitStack() as stack:

        def open_database(name: str) -> Database:
            database = Database(f"sqlite:///{folder}/{name}.db")
            stack.callback(database.close)
            next(s for s in services if s.name == name).metadata.create_all(database.engine)
            return database

        runtime = Runtime(services, open_database, transport, clock, uuid4, Activity())
        await runtime.start()
        stack.push_async_callback(runtime.stop)
        app = httpx.ASGITransport(build_app(runtime.routers()), raise_app_exceptions=False)
        client = await stack.enter_async_context(httpx.AsyncClient(transport=app, base_url="http://127.0.0.1"))
        yield System(runtime, fragile, transport, client)
