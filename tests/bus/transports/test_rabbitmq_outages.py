"""The broker away, dead, hanging or full: whoever asks is told within seconds, and what was confirmed is there."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bus.errors import Unavailable
from bus.transports.rabbitmq import RabbitTransport
from tests.bus.transports.words import Words, answer, numbers, receive, until
from tests.servers.rabbitmq import RabbitMQ, free_ports

BOUND_SECONDS = 9.5  # in the worst case a confirm or several answers are waited for
LAST = 1_000_000
BACK_SECONDS = 10.0  # after its return, everything goes on by itself


@pytest.fixture
def broker(own_rabbitmq: RabbitMQ) -> RabbitMQ:
    return own_rabbitmq


@pytest.fixture
async def transport(broker: RabbitMQ) -> AsyncIterator[RabbitTransport]:
    made = RabbitTransport(broker.url)
    yield made
    await made.close()


@pytest.fixture
def words() -> Words:
    return Words()


@asynccontextmanager
async def told_in_time() -> AsyncIterator[None]:
    start = time.monotonic()
    with pytest.raises(Unavailable):
        yield
    assert time.monotonic() - start < BOUND_SECONDS


async def asked_for_everything(transport: RabbitTransport, words: Words) -> None:
    async with told_in_time():
        await transport.declare(words.owner, [words.command()])
    async with told_in_time():
        raise (await transport.publish([words.envelope(words.command())]))[0] or AssertionError("published")
    async with told_in_time():
        await transport.receive(words.owner, 10)
    async with told_in_time():
        await transport.check()


async def test_a_broker_that_is_not_there_at_the_start(words: Words) -> None:
    """Nothing is connected before it is needed, and then whoever needs it is told."""
    transport = RabbitTransport(f"amqp://guest:guest@127.0.0.1:{free_ports(1)[0]}/")
    await asked_for_everything(transport, words)
    await transport.close()


async def test_a_wrong_password_is_a_sentence_without_it(broker: RabbitMQ) -> None:
    transport = RabbitTransport(broker.url.replace("guest:guest", "guest:secret"))
    with pytest.raises(Unavailable, match="ACCESS_REFUSED") as refusal:
        await transport.check()
    assert "secret" not in str(refusal.value)
    await transport.close()


async def test_confirmed_is_confirmed(broker: RabbitMQ, transport: RabbitTransport, words: Words) -> None:
    """`kill -9` in the middle of publishing: after the restart, what was confirmed is there."""
    await transport.declare(words.owner, [words.command()])
    await asyncio.to_thread(broker.write_down_new_queues)
    confirmed = await publish_until_it_dies(transport, words, broker)
    await asked_for_everything(transport, words)
    await asyncio.to_thread(broker.start)
    await until(lambda: published(transport, words, LAST), BACK_SECONDS)
    found: set[int] = set()
    while LAST not in found:
        batch = await receive(transport, words.owner, 1)
        found |= set(numbers(batch))
        await transport.ack(batch)
    assert confirmed <= found


async def publish_until_it_dies(transport: RabbitTransport, words: Words, broker: RabbitMQ) -> set[int]:
    """Returns what was confirmed."""
    confirmed: set[int] = set()
    dying: asyncio.Task[None] | None = None
    for first in range(0, LAST, 100):
        batch = [words.envelope(words.command(), n) for n in range(first, first + 100)]
        try:
            verdicts = await transport.publish(batch)
        except Unavailable:
            break
        confirmed |= {first + n for n, verdict in enumerate(verdicts) if verdict is None}
        if first == 500:
            dying = asyncio.create_task(asyncio.to_thread(broker.kill))
    assert dying is not None
    await dying
    return confirmed


async def published(transport: RabbitTransport, words: Words, number: int) -> bool:
    return await transport.publish([words.envelope(words.command(), number)]) == [None]


async def test_a_broker_that_restarts_delivers_again_what_was_not_acknowledged(
    broker: RabbitMQ, transport: RabbitTransport, words: Words
) -> None:
    """And nothing that was; late acknowledgements are ignored."""
    await transport.declare(words.owner, [words.command()])
    await transport.publish([words.envelope(words.command(), n) for n in (1, 2, 3)])
    held = await receive(transport, words.owner, 3)
    await transport.ack(held[:1])
    waiting = asyncio.create_task(transport.receive(words.owner, 10))
    await asyncio.sleep(0)
    await asyncio.to_thread(broker.stop)
    with pytest.raises(Unavailable):
        await asyncio.wait_for(waiting, 5)
    await transport.ack(held[1:2])
    await transport.nack(held[2:])
    await asyncio.to_thread(broker.start)

    async def is_back() -> bool:
        await transport.check()
        return True

    await until(is_back, BACK_SECONDS)
    assert numbers(await receive(transport, words.owner, 2)) == [2, 3]


async def test_a_broker_that_hangs_is_away(broker: RabbitMQ, transport: RabbitTransport, words: Words) -> None:
    """It accepts connections and says nothing; when it goes on, so do we."""
    await transport.declare(words.owner, [words.command()])
    await transport.publish([words.envelope(words.command(), 1)])
    broker.pause()
    try:
        [verdict] = await transport.publish([words.envelope(words.command(), 2)])
        assert isinstance(verdict, Unavailable)
        async with told_in_time():
            await transport.check()
    finally:
        broker.resume()
    await until(lambda: published(transport, words, 3), BACK_SECONDS)
    assert set(numbers(await receive(transport, words.owner, 2))) <= {1, 2, 3}


async def test_a_broker_that_is_short_of_memory_blocks_publishers_and_no_consumers(
    broker: RabbitMQ, transport: RabbitTransport, words: Words
) -> None:
    """Publishers are told; what is there is consumed; afterwards everything goes on."""
    await transport.declare(words.owner, [words.command()])
    await transport.publish([words.envelope(words.command(), 1)])
    await asyncio.to_thread(broker.control, "set_vm_memory_high_watermark", "absolute", "1")
    try:
        for _ in range(2):
            start = time.monotonic()
            assert not await answer(lambda: published(transport, words, 2))
            assert time.monotonic() - start < BOUND_SECONDS
        await transport.ack(await receive(transport, words.owner, 1))
    finally:
        await asyncio.to_thread(broker.control, "set_vm_memory_high_watermark", "0.4")
    await until(lambda: published(transport, words, 3), BACK_SECONDS)
