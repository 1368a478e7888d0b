"""What `bus.transport.Transport` promises, kept by every transport."""

import asyncio

import pytest

from bus.envelope import Envelope
from bus.errors import Unroutable
from bus.transport import Transport
from tests.bus.transports.backends import Backend
from tests.bus.transports.words import Words, is_empty, numbers, receive

MANY = 1000


@pytest.fixture
def words() -> Words:
    return Words()


async def test_an_event_reaches_every_queue_that_is_bound_to_it_and_no_other(
    transport: Transport, words: Words
) -> None:
    """Publish and subscribe."""
    await transport.declare(words.queue("a"), [words.event(), words.event("more")])
    await transport.declare(words.queue("b"), [words.event()])
    await transport.declare(words.queue("c"), [words.event("other")])
    assert await transport.publish([words.envelope(words.event(), 1)]) == [None]
    for name in ("a", "b"):
        assert numbers(await receive(transport, words.queue(name), 1)) == [1]
    assert await is_empty(transport, words.queue("c"), words)


async def test_what_another_version_of_a_service_hears_it_still_hears(transport: Transport, words: Words) -> None:
    """Both run for a while, and a start that is refused has taken nothing away."""
    await transport.declare(words.queue("a"), [words.event("new")])
    await transport.declare(words.queue("a"), [words.event("old")])
    assert await transport.publish([words.envelope(words.event("new"), 1)]) == [None]
    assert numbers(await receive(transport, words.queue("a"), 1)) == [1]


async def test_a_command_reaches_its_queue(transport: Transport, words: Words) -> None:
    """Point to point."""
    await transport.declare(words.owner, [words.command()])
    assert await transport.publish([words.envelope(words.command(), 1)]) == [None]
    assert numbers(await receive(transport, words.owner, 1)) == [1]


async def test_an_event_that_nobody_hears_is_fine(transport: Transport, words: Words) -> None:
    """No subscriber is legal, and nobody need have declared anything."""
    assert await transport.publish([words.envelope(words.event())]) == [None]


async def test_a_command_that_nobody_obeys_is_unroutable(transport: Transport, words: Words) -> None:
    """The verdict names the command, and later, when somebody obeys, the same command goes through."""
    envelope = words.envelope(words.command(), 1)
    [verdict] = await transport.publish([envelope])
    assert isinstance(verdict, Unroutable)
    assert words.command().wire_name in str(verdict)
    await transport.declare(words.owner, [words.command()])
    assert await transport.publish([envelope]) == [None]
    assert numbers(await receive(transport, words.owner, 1)) == [1]


async def test_verdicts_come_in_the_sequence_of_the_batch(transport: Transport, words: Words) -> None:
    """Also among many, and if a message is in the batch twice: a verdict is never another message's."""
    await transport.declare(words.owner, [words.command()])
    lost = words.command("lost")
    batch = [words.envelope(lost if n % 3 == 0 else words.command(), n, message_id=f"{n // 2}") for n in range(60)]
    verdicts = await transport.publish(batch)
    assert [isinstance(verdict, Unroutable) for verdict in verdicts] == [n % 3 == 0 for n in range(60)]
    assert numbers(await receive(transport, words.owner, 40)) == [n for n in range(60) if n % 3]


async def test_headers_and_body_arrive_as_they_were_sent(transport: Transport, words: Words) -> None:
    """Whatever is in them, up to a large body."""
    await transport.declare(words.owner, [words.command()])
    body = '{"text": "naïve ☕", "more": "'.encode() + b"x" * 900_000 + b'"}'
    sent = words.envelope(words.command())
    sent = Envelope(**{**{name: getattr(sent, name) for name in Envelope.__slots__}, "body": body, "subject": "é/☕"})
    await transport.publish([sent])
    [delivery] = await receive(transport, words.owner, 1)
    assert Envelope.parse(delivery.headers, delivery.body, command=True) == sent
    assert delivery.queue == words.owner


async def test_a_queue_keeps_the_sequence_and_gives_no_more_than_asked_for(transport: Transport, words: Words) -> None:
    """First in, first out, in batches up to the limit."""
    await transport.declare(words.owner, [words.command()])
    await transport.publish([words.envelope(words.command(), n) for n in range(10)])
    assert numbers(await receive(transport, words.owner, 10, limit=4)) == list(range(10))


async def test_receive_waits_until_something_is_there(transport: Transport, words: Words) -> None:
    """And then returns at once, not at the next poll."""
    await transport.declare(words.owner, [words.command()])
    waiting = asyncio.create_task(transport.receive(words.owner, 10))
    done, _ = await asyncio.wait([waiting], timeout=0.05)
    assert not done
    await transport.publish([words.envelope(words.command(), 7)])
    async with asyncio.timeout(0.9):
        assert numbers(await waiting) == [7]


async def test_a_receive_that_is_cancelled_takes_nothing_with_it(transport: Transport, words: Words) -> None:
    """The next one gets what came."""
    await transport.declare(words.owner, [words.command()])
    waiting = asyncio.create_task(transport.receive(words.owner, 10))
    await asyncio.wait([waiting], timeout=0.05)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await transport.publish([words.envelope(words.command(), 7)])
    assert numbers(await receive(transport, words.owner, 1)) == [7]


async def test_what_is_acknowledged_never_comes_again(backend: Backend, words: Words) -> None:
    """Not even after its consumer has died."""
    async with backend.connect() as first, backend.connect() as second:
        await first.declare(words.owner, [words.command()])
        await first.publish([words.envelope(words.command(), n) for n in (1, 2)])
        await first.ack(await receive(first, words.owner, 2))
        await backend.die(first, words.owner)
        assert await is_empty(second, words.owner, words)


async def test_what_a_dead_consumer_held_is_delivered_again(backend: Backend, words: Words) -> None:
    """To another consumer, in the same sequence, as if it came for the first time."""
    async with backend.connect() as first, backend.connect() as second:
        await first.declare(words.owner, [words.command()])
        await first.publish([words.envelope(words.command(), n) for n in (1, 2, 3)])
        taken = await receive(first, words.owner, 3)
        await first.ack(taken[:1])
        await backend.die(first, words.owner)
        assert numbers(await receive(second, words.owner, 2)) == [2, 3]


async def test_what_is_given_back_is_delivered_again_at_once(transport: Transport, words: Words) -> None:
    """And only that."""
    await transport.declare(words.owner, [words.command()])
    await transport.publish([words.envelope(words.command(), n) for n in (1, 2)])
    taken = await receive(transport, words.owner, 2)
    await transport.nack(taken[:1])
    assert numbers(await receive(transport, words.owner, 1)) == [1]
    await transport.ack(taken[1:])


async def test_an_acknowledgement_that_comes_too_late_is_ignored(backend: Backend, words: Words) -> None:
    """The message was given to somebody else meanwhile, and is theirs to acknowledge."""
    async with backend.connect() as first, backend.connect() as second, backend.connect() as third:
        await first.declare(words.owner, [words.command()])
        await first.publish([words.envelope(words.command(), 1)])
        late = await receive(first, words.owner, 1)
        await backend.die(first, words.owner)
        assert numbers(await receive(second, words.owner, 1)) == [1]
        await first.ack(late)
        await first.nack(late)
        await backend.die(second, words.owner)
        again = await receive(third, words.owner, 1)
        assert numbers(again) == [1]
        await third.ack(again)
        assert await is_empty(third, words.owner, words)


async def test_to_declare_a_queue_again_loses_nothing(backend: Backend, words: Words) -> None:
    """As every start of a service does."""
    async with backend.connect() as first:
        await first.declare(words.owner, [words.command()])
        await first.publish([words.envelope(words.command(), 1)])
        async with backend.connect() as second:
            await second.declare(words.owner, [words.command(), words.event()])
            await second.publish([words.envelope(words.event(), 2)])
            assert numbers(await receive(second, words.owner, 2)) == [1, 2]


async def test_two_consumers_of_one_queue_share_its_messages(backend: Backend, words: Words) -> None:
    """Each message goes to one of them."""
    async with backend.connect() as first, backend.connect() as second:
        await first.declare(words.owner, [words.command()])
        await second.declare(words.owner, [words.command()])
        sent = list(range(100))
        found: list[int] = []

        async def consume(transport: Transport) -> None:
            while len(found) < len(sent):
                batch = await transport.receive(words.owner, 10)
                found.extend(numbers(batch))
                await transport.ack(batch)

        consumers = [asyncio.create_task(consume(each)) for each in (first, second)]
        await first.publish([words.envelope(words.command(), n) for n in sent])
        async with asyncio.timeout(10):
            await asyncio.wait(consumers, return_when=asyncio.FIRST_COMPLETED)
        for consumer in consumers:
            consumer.cancel()
        await asyncio.gather(*consumers, return_exceptions=True)
        assert sorted(found) == sent


async def test_many_messages_published_at_once_all_arrive_once(transport: Transport, words: Words) -> None:
    """From several publishers, while they are consumed."""
    await transport.declare(words.owner, [words.command()])
    batches = [[words.envelope(words.command(), n) for n in range(start, MANY, 10)] for start in range(10)]
    verdicts = await asyncio.gather(*(transport.publish(batch) for batch in batches))
    assert {verdict for each in verdicts for verdict in each} == {None}
    found = await receive(transport, words.owner, MANY)
    await transport.ack(found)
    assert sorted(numbers(found)) == list(range(MANY))
    assert await is_empty(transport, words.owner, words)


async def test_nothing_is_nothing(transport: Transport) -> None:
    """Empty batches are legal."""
    assert await transport.publish([]) == []
    await transport.ack([])
    await transport.nack([])


async def test_what_was_published_outlives_every_connection(durable: Backend, words: Words) -> None:
    """On the transports that are durable; memory lives as long as its object."""
    async with durable.connect() as first:
        await first.declare(words.owner, [words.command()])
        await first.publish([words.envelope(words.command(), 1)])
    async with durable.connect() as second:
        assert numbers(await receive(second, words.owner, 1)) == [1]
