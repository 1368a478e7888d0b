"""The running system as customers, agents and carriers see it: HTTP, and the calendar."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx

from bus.activity import Activity
from bus.clock import Clock
from order_service.placing import order_id_for


class Shop:
    """`at`: where a service listens. While somebody acts, `activity` is told: a clock that can stand, stands."""

    patience_seconds: ClassVar[float] = 60.0
    poll_seconds: ClassVar[float] = 0.02

    def __init__(self, client: httpx.AsyncClient, at: Callable[[str], str], clock: Clock, activity: Activity) -> None:
        self._client = client
        self._at = at
        self.clock = clock
        self._activity = activity
        self._under_way: list[str] = []
        self.opened = clock.now()

    @asynccontextmanager
    async def acting(self) -> AsyncIterator[None]:
        """Somebody acts: time passes only where they wait for it."""
        self._under_way = ["somebody acts"]
        self._activity.begin(self._under_way)
        try:
            yield
        finally:
            self._activity.end(self._under_way)
            self._under_way = []

    async def get(self, service: str, path: str) -> Any:
        return (await self._client.get(self._at(service) + path)).raise_for_status().json()

    async def put(self, service: str, path: str, body: Any) -> Any:
        return (await self._client.put(self._at(service) + path, json=body)).raise_for_status().json()

    async def post(self, service: str, path: str, body: Any, key: str | None = None) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        answer = await self._client.post(self._at(service) + path, json=body, headers=headers)
        return answer.raise_for_status().json()

    async def place(self, key: str, customer: str, items: dict[str, int], payment: dict[str, str]) -> str:
        lines = [{"sku": sku, "quantity": quantity} for sku, quantity in items.items()]
        await self.post("order", "/orders", {"customer_id": customer, "items": lines, "payment": payment}, key)
        return self.order_id(key)

    def order_id(self, key: str) -> str:
        """Known before the order is placed, so that the telling can name it from its first message on."""
        return str(order_id_for(key))

    async def order(self, order_id: str) -> Any:
        return await self.get("order", f"/orders/{order_id}")

    async def until_state(self, order_id: str, *states: str) -> str:
        """Raises TimeoutError, saying where the order is instead."""

        async def reached() -> str | None:
            state: str = (await self.order(order_id))["state"]
            return state if state in states else None

        found: str = await self.until_found(reached, f"order {order_id} to be {' or '.join(states)}")
        return found

    async def until(self, date: datetime) -> None:
        """Virtual time: the demo's days pass quickly."""

        async def come() -> bool | None:
            return self.clock.now() >= date or None

        self._activity.end(self._under_way)
        await self.until_found(come, f"the clock to reach {date}", self.clock.seconds_until(date))
        self._activity.begin(self._under_way)

    async def days_later(self, days: float) -> None:
        await self.until(self.clock.now() + timedelta(days=days))

    async def until_found(self, what: Callable[[], Awaitable[Any]], words: str, at_least: float = 0.0) -> Any:
        """Raises TimeoutError if it takes so much longer than the seconds that it takes `at_least`."""
        give_up = asyncio.get_running_loop().time() + at_least + self.patience_seconds
        while asyncio.get_running_loop().time() < give_up:
            found = await what()
            if found is not None:
                return found
            await asyncio.sleep(self.poll_seconds)
        raise TimeoutError(f"waited {at_least + self.patience_seconds:.0f} s for {words}")
