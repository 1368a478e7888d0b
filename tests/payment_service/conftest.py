from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from bus import problems
from bus.access import Access
from bus.activity import Activity
from bus.writer import Writer
from payment_service.api import routes
from payment_service.app import service
from payment_service.gateway import Gateway
from tests.databases import OpenDatabase
from tests.service_bench import ServiceBench


@pytest.fixture
def bench(open_database: OpenDatabase) -> ServiceBench:
    """Nothing on the bench is performed: its tests say what came of an effect."""
    return ServiceBench(service(Gateway(httpx.AsyncClient())), open_database)


@pytest.fixture
async def client(bench: ServiceBench) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP to the service on the bench."""
    writer = Writer(bench.journey, uuid4, Activity(), bench.note)
    app = FastAPI()
    problems.install(app)
    app.include_router(routes(Access(writer, bench.database, bench.clock, uuid4)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://payment") as client:
        yield client
    await writer.close()
