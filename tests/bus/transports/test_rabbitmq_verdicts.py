"""What an answer of the broker, or none, means for a message that was published."""

import asyncio

import pytest
from aio_pika.exceptions import AMQPConnectionError

from bus.errors import Unavailable
from bus.transports.rabbitmq.publishing import verdict
from tests.bus.transports.words import Words

WORDS = Words()
MESSAGE = WORDS.envelope(WORDS.event())


@pytest.mark.parametrize("why", [asyncio.CancelledError(), AMQPConnectionError("gone"), ConnectionResetError()])
async def test_what_was_under_way_when_the_connection_ended_is_not_confirmed(why: BaseException) -> None:
    """The client library says so by whatever ended it: a cancelled reader, if no heartbeat came."""
    answer = asyncio.get_running_loop().create_future()
    answer.set_exception(why)
    assert isinstance(verdict(MESSAGE, answer), Unavailable)


async def test_no_answer_is_no_confirm() -> None:
    assert isinstance(verdict(MESSAGE, asyncio.get_running_loop().create_future()), Unavailable)


async def test_a_confirm_is_one() -> None:
    answer = asyncio.get_running_loop().create_future()
    answer.set_result(None)
    assert verdict(MESSAGE, answer) is None
