"""What the memory transport can do besides: the caller decides what is delivered."""

from collections.abc import Sequence

from bus.transports.memory import MemoryTransport, Waiting
from tests.bus.transports.words import Words, numbers

WORDS = Words("owner")


async def filled(count: int) -> MemoryTransport:
    transport = MemoryTransport()
    await transport.declare("owner", [WORDS.command()])
    await transport.publish([WORDS.envelope(WORDS.command(), n) for n in range(count)])
    return transport


async def test_the_caller_decides_the_sequence() -> None:
    transport = await filled(3)
    transport.choose = lambda waiting: list(reversed(waiting))
    assert numbers(transport.take("owner", 10)) == [2, 1, 0]


async def test_the_caller_decides_what_waits() -> None:
    transport = await filled(3)
    transport.choose = lambda waiting: waiting[1:2]
    assert numbers(transport.take("owner", 10)) == [1]
    assert transport.waiting("owner") == 2


async def test_the_caller_decides_what_comes_twice() -> None:
    """Each of the two is acknowledged on its own."""
    transport = await filled(1)

    def twice(waiting: Sequence[Waiting]) -> Sequence[Waiting]:
        return [*waiting, *waiting]

    transport.choose = twice
    first, second = transport.take("owner", 10)
    await transport.ack([first])
    await transport.nack([second])
    transport.choose = list
    assert numbers(transport.take("owner", 10)) == [0]


async def test_it_carries_bytes() -> None:
    """What comes out was written down and read again: nothing is shared with what was put in."""
    transport = await filled(1)
    [delivery] = transport.take("owner", 1)
    assert isinstance(delivery.body, bytes)
    assert delivery.headers is not WORDS.envelope(WORDS.command()).headers()
    assert delivery.headers["ce-type"] == "owner.do.v1"
