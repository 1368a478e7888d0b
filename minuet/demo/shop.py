"""The running system as the demo's customers see it: HTTP, and the calendar."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx

from bus.clock import Clock
from order_service.placing import order_id_for

PATIENCE_SECONDS = 60.0


class Shop:
    def __init__(self, client: httpx.AsyncClient, clock: Clock) -> None:
        self._client = client
        self.clock = clock
        self.opened = clock.now()

    async def get(self, path: str) -> Any:
        return (await self._client.get(path)).raise_for_status().json()

    async def put(self, path: str, body: Any) -> Any:
        return (await self._client.put(path, json=body)).raise_for_status().json()

    async def post(self, path: str, body: Any, key: str | None = None) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        return (await self._client.post(path, json=body, headers=headers)).raise_for_status().json()

    async def place(self, key: str, customer: str, items: dict[str, int], payment: dict[str, str]) -> str:
        lines = [{"sku": sku, "quantity": quantity} for sku, quantity in items.items()]
        await self.post("/orders", {"customer_id": customer, "items": lines, "payment": payment}, key)
        return self.order_id(key)

    def order_id(self, key: str) -> str:
        """Known before the order is placed, so that the telling can name it from its first message on."""
        return str(order_id_for(key))

    async def until_state(self, order_id: str, *states: str) -> str:
        """Raises TimeoutError, saying where the order is instead."""

        async def reached() -> str | None:
            state: str = (await self.get(f"/orders/{order_id}"))["state"]
            return state if state in states else None

        found: str = await self._until(reached, f"order {order_id} to be {' or '.join(states)}")
        return found

    async def until(self, date: datetime) -> None:
        """Virtual time: the demo's days pass quickly."""

        async def come() -> bool | None:
            return self.clock.now() >= date or None

        await self._until(come, f"the clock to reach {date}")

    async def days_later(self, days: float) -> None:
        await self.until(self.clock.now() + timedelta(days=days))

    async def _until(self, what: Callable[[], Awaitable[Any]], words: str) -> Any:
        give_up = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while asyncio.get_running_loop().time() < give_up:
            found = await what()
            if found is not None:
                return found
            await asyncio.sleep(0.02)
        raise TimeoutError(f"waited {PATIENCE_SECONDS:.0f} s for {words}")
