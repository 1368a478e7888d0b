"""The traps of RabbitMQ and its client, each against a real broker."""

import asyncio
import gc
import json
import time
from collections.abc import AsyncIterator

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelPreconditionFailed
from pamqp.common import FieldTable
from yarl import URL

from bus.errors import Unavailable, Unroutable
from bus.topology import DELIVERY_LIMIT
from bus.transport import Transport
from bus.transports.rabbitmq import RabbitTransport
from tests.bus.transports.backends import RabbitBackend
from tests.bus.transports.strangers import stranger
from tests.bus.transports.words import Words, is_empty, numbers, receive, until
from tests.chaos.proxy import Proxy
from tests.servers.rabbitmq import Broker


@pytest.fixture
def words() -> Words:
    return Words()


@pytest.fixture
def backend(rabbitmq: Broker) -> RabbitBackend:
    return RabbitBackend(rabbitmq.url)


@pytest.fixture
async def transport(rabbitmq: Broker) -> AsyncIterator[RabbitTransport]:
    made = RabbitTransport(rabbitmq.url)
    yield made
    await made.close()


async def test_the_topology_is_the_one_that_is_written_down(
    transport: RabbitTransport, rabbitmq: Broker, words: Words
) -> None:
    """Whoever declares the same, finds it there; whoever declares otherwise, is refused."""
    await transport.declare(words.owner, [words.command(), words.event()])
    dead: FieldTable = {"x-queue-type": "quorum"}
    alive: FieldTable = {
        "x-queue-type": "quorum",
        "x-delivery-limit": 20,
        "x-dead-letter-exchange": f"{words.owner}.dead",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    async with stranger(rabbitmq.url) as channel:
        await channel.declare_exchange(f"{words.owner}.events", "topic", durable=True)
        await channel.declare_exchange(f"{words.owner}.commands", "direct", durable=True)
        await channel.declare_queue(words.owner, durable=True, arguments=alive)
        await channel.declare_queue(f"{words.owner}.dead", durable=True, arguments=dead)
        with pytest.raises(ChannelPreconditionFailed, match="x-delivery-limit"):
            await channel.declare_queue(words.owner, durable=True, arguments={**alive, "x-delivery-limit": 21})


async def test_a_queue_of_another_kind_is_refused_by_name(
    transport: RabbitTransport, rabbitmq: Broker, words: Words
) -> None:
    """The sentence says what is in the way."""
    async with stranger(rabbitmq.url) as channel:
        await channel.declare_queue(words.owner, durable=True)
    with pytest.raises(Unavailable, match=f"inequivalent arg .* for queue '{words.owner}'"):
        await transport.declare(words.owner, [words.command()])


async def test_a_verdict_is_never_that_of_another_message_with_the_same_id(
    transport: RabbitTransport, words: Words
) -> None:
    """The client tells returned messages apart by their ids alone; also when several publish at once."""
    await transport.declare(words.owner, [words.command()])
    lost, fine = words.command("lost"), words.command()
    batches = [[words.envelope(lost if n % 2 else fine, n, message_id=f"{n % 3}") for n in range(20)] for _ in range(5)]
    for verdicts in await asyncio.gather(*(transport.publish(batch) for batch in batches)):
        assert [isinstance(verdict, Unroutable) for verdict in verdicts] == [n % 2 == 1 for n in range(20)]
    assert len(await receive(transport, words.owner, 50)) == 50


async def test_confirms_are_pipelined(rabbitmq: Broker, words: Words) -> None:
    """On a slow line a hundred messages do not take a hundred round trips: none waits for the confirm of another."""
    url, delay = URL(rabbitmq.url), 0.05
    line = Proxy(url.port or 5672)
    transport = RabbitTransport(str(url.with_port(line.port)))
    await transport.declare(words.owner, [words.command()])
    await transport.publish([words.envelope(words.command())])
    line.slow(delay)
    start = time.perf_counter()
    assert set(await transport.publish([words.envelope(words.command()) for _ in range(100)])) == {None}
    assert time.perf_counter() - start < 100 * delay  # there and back a hundred times would be twice as long
    line.heal()
    await transport.close()
    line.close()


async def test_nothing_that_is_in_use_is_collected(transport: RabbitTransport, words: Words) -> None:
    """Consumers and publishers survive a garbage collection."""
    await transport.declare(words.owner, [words.command()])
    waiting = asyncio.create_task(transport.receive(words.owner, 10))
    await transport.publish([words.envelope(words.command(), 1)])
    await transport.ack(await waiting)
    waiting = asyncio.create_task(transport.receive(words.owner, 10))
    await asyncio.sleep(0)
    gc.collect()
    assert await transport.publish([words.envelope(words.command(), 2)]) == [None]
    async with asyncio.timeout(5):
        assert numbers(await waiting) == [2]


async def test_to_ask_again_and_again_whether_the_broker_answers_leaves_nothing_behind(
    transport: RabbitTransport,
) -> None:
    """The client library keeps something of every channel that was ever open, as long as its connection lasts."""
    await transport.check()
    before = channels()
    for _ in range(20):
        await transport.check()
    assert channels() == before


def channels() -> int:
    gc.collect()
    return sum(isinstance(each, AbstractChannel) for each in gc.get_objects())


async def test_what_is_delivered_too_often_goes_to_the_dead_queue(transport: Transport, words: Words) -> None:
    """After as many returns as the limit says it is there, whole, and alone."""
    await transport.declare(words.owner, [words.command()])
    sent = words.envelope(words.command(), 1)
    await transport.publish([sent])
    for _ in range(DELIVERY_LIMIT + 1):
        await transport.nack(await receive(transport, words.owner, 1))
    [dead] = await receive(transport, f"{words.owner}.dead", 1)
    assert (dead.headers["ce-id"], dead.body) == (sent.id, sent.body)
    await transport.ack([dead])
    assert await is_empty(transport, words.owner, words)


async def test_many_acknowledgements_out_of_sequence_settle_exactly_what_they_name(
    backend: RabbitBackend, words: Words
) -> None:
    """One acknowledgement for many never takes a message that is still in hand with it."""
    async with backend.connect() as first, backend.connect() as second:
        await first.declare(words.owner, [words.command()])
        await first.publish([words.envelope(words.command(), n) for n in range(10)])
        taken = await receive(first, words.owner, 10)
        await first.ack([taken[n] for n in (5, 0, 1)])
        await first.ack([taken[n] for n in (3, 2, 2, 5)])
        await first.nack([taken[n] for n in (7,)])
        [again] = await receive(first, words.owner, 1)
        await first.ack([taken[n] for n in (4, 6)])
        await first.ack([again])
        await backend.die(first, words.owner)
        assert sorted(numbers(await receive(second, words.owner, 2))) == [8, 9]
        assert await is_empty(second, words.owner, words)


async def test_a_lost_connection_is_made_anew_by_itself(backend: RabbitBackend, words: Words) -> None:
    """Whoever waits on it is told; the next call works, on the same object, and nothing is lost."""
    async with backend.connect() as transport:
        await transport.declare(words.owner, [words.command()])
        await transport.publish([words.envelope(words.command(), n) for n in (1, 2)])
        held = await receive(transport, words.owner, 2)
        waiting = asyncio.create_task(transport.receive(words.owner, 10))
        await asyncio.sleep(0)
        await backend.die(transport, words.owner)
        with pytest.raises(Unavailable):
            await asyncio.wait_for(waiting, 5)
        assert numbers(await receive(transport, words.owner, 2)) == [1, 2]
        await transport.ack(held)
        assert await transport.publish([words.envelope(words.command(), 3)]) == [None]
        assert numbers(await receive(transport, words.owner, 1)) == [3]


async def test_an_exchange_that_was_deleted_is_declared_again(
    transport: RabbitTransport, rabbitmq: Broker, words: Words
) -> None:
    """The publish that finds it gone fails, and the next succeeds."""
    assert await transport.publish([words.envelope(words.event())]) == [None]
    async with stranger(rabbitmq.url) as channel:
        await channel.exchange_delete(f"{words.owner}.events")
    [verdict] = await transport.publish([words.envelope(words.event())])
    assert isinstance(verdict, Unavailable)
    assert await transport.publish([words.envelope(words.event())]) == [None]


async def test_an_exchange_that_cannot_be_declared_holds_up_only_its_own_messages(
    transport: RabbitTransport, rabbitmq: Broker
) -> None:
    """Somebody has put another kind of exchange in one's place."""
    bad, good = Words(), Words()
    async with stranger(rabbitmq.url) as channel:
        await channel.declare_exchange(f"{bad.owner}.events", aio_pika.ExchangeType.FANOUT, durable=True)
    batch = [words.envelope(words.event(), n) for n, words in enumerate((good, bad, good))]
    first, second, third = await transport.publish(batch)
    assert (first, third) == (None, None)
    assert isinstance(second, Unavailable)
    assert f"{bad.owner}.events" in str(second)


async def test_two_that_receive_from_one_queue_share_it(transport: RabbitTransport, words: Words) -> None:
    """Also from the first moment on: nothing is sent ahead to a consumer that nobody asks."""
    await transport.declare(words.owner, [words.command()])
    waiting = [asyncio.create_task(receive(transport, words.owner, 10, limit=1)) for _ in range(2)]
    await transport.publish([words.envelope(words.command(), n) for n in range(20)])
    found = [number for batch in await asyncio.gather(*waiting) for number in numbers(batch)]
    assert sorted(found) == list(range(20))


async def test_a_queue_that_nobody_declared_is_named(transport: RabbitTransport, words: Words) -> None:
    with pytest.raises(Unavailable, match=f"no queue '{words.owner}'"):
        await transport.receive(words.owner, 10)


async def test_a_queue_that_was_deleted_is_declared_again(
    transport: RabbitTransport, rabbitmq: Broker, words: Words
) -> None:
    """The broker cancels the consumer, who is told, and comes again."""
    await transport.declare(words.owner, [words.command()])
    waiting = asyncio.create_task(transport.receive(words.owner, 10))
    await transport.publish([words.envelope(words.command(), 1)])
    await transport.ack(await waiting)
    waiting = asyncio.create_task(transport.receive(words.owner, 10))
    async with stranger(rabbitmq.url) as channel:
        await channel.queue_delete(words.owner)
    with pytest.raises(Unavailable):
        await asyncio.wait_for(waiting, 5)
    waiting = asyncio.create_task(transport.receive(words.owner, 10))

    async def goes_through() -> bool:
        return await transport.publish([words.envelope(words.command(), 2)]) == [None]

    await until(goes_through)
    async with asyncio.timeout(5):
        assert numbers(await waiting) == [2]


async def test_headers_too_large_for_the_broker_hurt_nobody_else(transport: RabbitTransport, words: Words) -> None:
    """The broker would end the connection, and what else was on its way with it."""
    await transport.declare(words.owner, [words.command()])
    small = words.envelope(words.command(), 1)
    large = type(small)(
        **{**{name: getattr(small, name) for name in small.__slots__}, "id": "2", "subject": "x" * 200_000}
    )
    first, second = await transport.publish([large, small])
    assert "larger than" in str(first)
    assert second is None
    assert json.loads((await receive(transport, words.owner, 1))[0].body) == {"number": 1}
