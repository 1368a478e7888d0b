"""The sandbox gateway as a test sees it: an app on a database, and what is asked of it."""

from typing import Any

import httpx

from bus.clock import ManualClock
from bus.database import Database
from sandbox_gateway.api import app
from sandbox_gateway.books import metadata
from sandbox_gateway.sandbox import Sandbox


def euros(cents: int) -> dict[str, Any]:
    return {"amount": cents, "currency": "EUR"}


def client_of(database: Database, clock: ManualClock | None = None) -> httpx.AsyncClient:
    """HTTP to a gateway that was just started on this database, which is migrated."""
    metadata.create_all(database.engine)
    gateway = app(Sandbox(database, clock or ManualClock()))
    return httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="http://gateway")


async def charge(
    client: httpx.AsyncClient, key: str = "r-1/1/1", token: str = "tok_ok", cents: int = 10000, reference: str = "r-1"
) -> httpx.Response:
    body = {"key": key, "reference": reference, "amount": euros(cents), "token": token}
    return await client.post("/gateway/charges", json=body)


async def refund(
    client: httpx.AsyncClient,
    key: str = "r-1/1/1/refund",
    charge_key: str = "r-1/1/1",
    cents: int = 10000,
    currency: str = "EUR",
) -> httpx.Response:
    amount = {"amount": cents, "currency": currency}
    body = {"key": key, "charge_key": charge_key, "reference": "r-1", "amount": amount}
    return await client.post("/gateway/refunds", json=body)


async def ask(client: httpx.AsyncClient, key: str = "r-1/1/1") -> httpx.Response:
    return await client.get(f"/gateway/charges/{key}")


async def ledger(client: httpx.AsyncClient) -> Any:
    return (await client.get("/gateway/ledger")).json()


async def charged_keys(client: httpx.AsyncClient) -> list[str]:
    return [charge["key"] for charge in (await ledger(client))["charges"]]
