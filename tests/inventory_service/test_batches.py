"""Messages that share a transaction see what the earlier ones did."""

from uuid import uuid4

from bus.envelope import enclose, origin
from bus.inbox import Inbox
from bus.incoming import Incoming, decode
from bus.message import Message
from tests.inventory_service.words import FETCHED, RELEASED, UNAVAILABLE, count, fetch, levels, release, shipped
from tests.service_bench import ServiceBench


def together(bench: ServiceBench, *messages: Message) -> list[str]:
    """Process these in one transaction. Returns the names of the answers."""
    committed = bench.journey.process([arrived(bench, message) for message in messages])
    return [envelope.type for envelope in committed.outgoing]


def arrived(bench: ServiceBench, message: Message) -> Incoming:
    cause = origin(str(uuid4()), sender="test", at="")
    envelope = enclose(message, sender="test", at=bench.clock.now(), cause=cause, place=0)
    return decode(bench.service, envelope, Inbox())


def test_the_last_piece_goes_to_the_first_who_asks(bench: ServiceBench) -> None:
    count(bench, a=1)
    assert together(bench, fetch("r-1", ("a", 1)), fetch("r-2", ("a", 1))) == [FETCHED, UNAVAILABLE]
    assert levels(bench)["a"] == (0, 1, 0)


def test_a_duplicate_in_one_batch_reserves_once(bench: ServiceBench) -> None:
    count(bench, a=5)
    assert together(bench, fetch("r-1", ("a", 2)), fetch("r-1", ("a", 2))) == [FETCHED, FETCHED]
    assert levels(bench)["a"] == (3, 2, 0)


def test_released_fetched_and_shipped_in_one_batch(bench: ServiceBench) -> None:
    count(bench, a=5)
    messages = [release("r-1"), fetch("r-1", ("a", 1)), fetch("r-2", ("a", 2)), shipped("r-2"), release("r-2")]
    assert together(bench, *messages) == [RELEASED, RELEASED, FETCHED, FETCHED]
    assert levels(bench)["a"] == (3, 0, 2)


def test_what_fell_short_in_the_same_batch_is_given_back_for_the_next(bench: ServiceBench) -> None:
    count(bench, a=5, b=1)
    answers = together(bench, fetch("r-1", ("a", 5), ("b", 2)), fetch("r-2", ("a", 5), ("b", 1)))
    assert answers == [UNAVAILABLE, FETCHED]
    assert levels(bench) == {"a": (0, 5, 0), "b": (0, 1, 0)}
