from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from bus import problems
from bus.access import Access
from bus.activity import Activity
from bus.writer import Writer
from order_service.api import routes
from order_service.app import service
from tests.databases import OpenDatabase
from tests.service_bench import ServiceBench


@pytest.fixture
def bench(open_database: OpenDatabase) -> ServiceBench:
    return ServiceBench(service(), open_database)


@pytest.fixture
async def client(bench: ServiceBench) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP to the service on the bench."""
    writer = Writer(bench.journey, uuid4, Activity(), lambda _: None)
    app = FastAPI()
    problems.install(app)
    app.include_router(routes(Access(writer, bench.database, bench.clock, uuid4)))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://order") as client:
        yield client
    await writer.close()


@pytest.fixture
async def shop(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Ann is a standard customer, Vip a VIP; tea and pots cost euros, a hat costs dollars."""
    for name, tier in (("ann", "standard"), ("vip", "vip")):
        person = {"name": name, "email": f"{name}@example.org", "address": "1 Road", "tier": tier}
        assert (await client.put(f"/customers/{name}", json={**person, "rewards_member": True})).status_code == 200
    for sku, amount, currency in (("tea", 1000, "EUR"), ("pot", 2500, "EUR"), ("hat", 9900, "USD")):
        price = {"amount": amount, "currency": currency}
        assert (await client.put(f"/catalogue/{sku}", json={"name": sku, "price": price})).status_code == 200
    return client
