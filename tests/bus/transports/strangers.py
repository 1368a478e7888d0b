"""Somebody who knows nothing of this code: plain aio-pika, and raw AMQP frames where it is too well-behaved."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage


@asynccontextmanager
async def stranger(url: str) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        yield channel


async def publish(channel: AbstractChannel, exchange: str, wire_name: str, body: bytes, **said: Any) -> None:
    found = await channel.get_exchange(exchange)
    await found.publish(aio_pika.Message(body, **said), wire_name)


async def take(channel: AbstractChannel, queue: str) -> AbstractIncomingMessage:
    """The next message of the queue, acknowledged."""
    found = await channel.get_queue(queue)
    message = await found.get(timeout=5)
    assert message is not None
    await message.ack()
    return message
