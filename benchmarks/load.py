"""Orders placed as `PlaceOrder` messages by a stranger, until the message that ends each one is heard."""

import asyncio
import json
import time
from collections.abc import Sequence
from uuid import UUID, uuid4

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage

CUSTOMER, SKU = "c-bench", "BENCH"
STALLED_SECONDS = 60.0


class Load:
    """Measures in seconds from the publishing of an order to the hearing of its end."""

    def __init__(self, channel: AbstractChannel, commands: AbstractExchange, card_token: str) -> None:
        self._channel = channel
        self._commands = commands
        self._card_token = card_token
        self._placed: dict[str, float] = {}
        self._places = asyncio.Semaphore(0)
        self._progress = asyncio.Event()
        self.latencies: list[float] = []
        self.order_ids: list[UUID] = []

    async def listen(self, wire_name: str) -> None:
        """The event of this name ends an order."""
        queue = await self._channel.declare_queue(exclusive=True)
        await queue.bind(f"{wire_name.partition('.')[0]}.events", wire_name)
        await queue.consume(self._ended, no_ack=True)

    async def run(self, orders: int, concurrency: int, rate: float | None) -> float:
        """Returns the seconds from the first placing to the last end. Raises TimeoutError if it stalls."""
        started = time.perf_counter()
        for _ in range(concurrency):
            self._places.release()
        placing = [asyncio.create_task(self._place_when_due(n, started, rate)) for n in range(orders)]
        while len(self.latencies) < orders:
            self._progress.clear()
            await asyncio.wait_for(self._progress.wait(), STALLED_SECONDS)
        await asyncio.gather(*placing)
        return time.perf_counter() - started

    async def _place_when_due(self, number: int, started: float, rate: float | None) -> None:
        if rate is not None:
            await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
        await self._places.acquire()
        order_id = uuid4()
        self.order_ids.append(order_id)
        self._placed[str(order_id)] = time.perf_counter()
        message = place_order(order_id, self._card_token)
        await self._commands.publish(message, "order.place-order.v1", mandatory=True)

    async def _ended(self, message: AbstractIncomingMessage) -> None:
        placed = self._placed.pop(message.correlation_id or "", None)
        if placed is not None:
            self.latencies.append(time.perf_counter() - placed)
            self._places.release()
            self._progress.set()


def place_order(order_id: UUID, card_token: str) -> aio_pika.Message:
    body = {
        "order_id": str(order_id),
        "customer_id": CUSTOMER,
        "items": [{"sku": SKU, "quantity": 1}],
        "payment": {"method": "card", "token": card_token},
    }
    message_id = str(uuid4())
    return aio_pika.Message(
        json.dumps(body).encode(),
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message_id,
        type="order.place-order.v1",
        correlation_id=str(order_id),
        headers={
            "ce-specversion": "1.0",
            "ce-id": message_id,
            "ce-type": "order.place-order.v1",
            "ce-source": "/benchmarks/load",
            "ce-subject": str(order_id),
            "ce-correlationid": str(order_id),
        },
    )


async def measure(
    amqp_url: str,
    orders: int,
    concurrency: int,
    rate: float | None = None,
    *,
    card_token: str = "tok_ok",
    until: str = "order.order-completed.v1",
) -> tuple[float, Load]:
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        load = Load(channel, await channel.get_exchange("order.commands"), card_token)
        await load.listen(until)
        return await load.run(orders, concurrency, rate), load


def percentile(values: Sequence[float], percent: float) -> float:
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * percent / 100))]
