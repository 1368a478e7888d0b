"""A subscription to one queue: what the broker sent ahead, and what of it is settled.

The broker counts deliveries on a channel from 1, and forgets them all with the channel: it delivers them again. So a
delivery's tag holds its subscription, and settling what a lost one delivered does nothing.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import CONNECTION_EXCEPTIONS
from aiormq.abc import AbstractChannel as Underlay
from aiormq.abc import DeliveredMessage

from bus.errors import Unavailable
from bus.transport import Delivery
from bus.transports.rabbitmq.link import answered
from bus.transports.rabbitmq.properties import delivery_of

PREFETCH = 1000  # a batch in hand and the next one; bounds what waits here, and so memory


@dataclass(frozen=True, eq=False)
class Tag:
    subscription: "Subscription"
    number: int


class Subscription:
    def __init__(self, queue: str, channel: AbstractChannel, user: str | None) -> None:
        self.queue = queue
        self._user = user
        self.is_lost = False
        self.channel = channel
        self._underlay: Underlay
        self._waiting: deque[Delivery] = deque()
        self._changed = asyncio.Event()
        self._settled = Settled()

    async def start(self) -> None:
        """Raises Unavailable; then it is lost."""
        try:
            async with answered():
                await self._start()
        except BaseException:
            self._lose()
            raise

    async def _start(self) -> None:
        self._underlay = await self.channel.get_underlay_channel()
        self._underlay.closing.add_done_callback(lambda _: self._lose())
        self._underlay.on_consumer_cancel_callbacks.add(lambda _: self._lose())
        await self._underlay.basic_qos(prefetch_count=PREFETCH)
        await self._underlay.basic_consume(self.queue, self._arrive)

    async def take(self, limit: int) -> list[Delivery]:
        """Waits until something is there. To be cancelled while waiting takes nothing."""
        while not self._waiting and not self.is_lost:
            self._changed.clear()
            await self._changed.wait()
        if self.is_lost:
            raise Unavailable(f"the connection that delivered {self.queue} was lost")
        return [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]

    async def ack(self, numbers: Sequence[int]) -> None:
        """One acknowledgement for all up to the first gap, one each for the others."""
        upto, others = self._settled.add(numbers)
        with suppress(*CONNECTION_EXCEPTIONS):  # the channel is gone, and its messages come again
            if upto:
                await self._underlay.basic_ack(upto, multiple=True, wait=False)
            for number in others:
                await self._underlay.basic_ack(number, wait=False)

    async def nack(self, numbers: Sequence[int]) -> None:
        self._settled.add(numbers)
        with suppress(*CONNECTION_EXCEPTIONS):
            for number in numbers:
                await self._underlay.basic_nack(number, requeue=True, wait=False)

    async def close(self) -> None:
        """The last acknowledgements go before the farewell."""
        with suppress(Unavailable):
            async with answered():
                await self.channel.close()

    async def _arrive(self, message: DeliveredMessage) -> None:
        """Nothing but this happens in the client's own task, which ends with the connection."""
        number = message.delivery_tag
        assert number is not None
        self._waiting.append(delivery_of(self.queue, message, Tag(self, number), self._user))
        self._changed.set()

    def _lose(self) -> None:
        self.is_lost = True
        self._waiting.clear()
        self._changed.set()


class Settled:
    """Which deliveries are settled: all up to a number, and some above it."""

    def __init__(self) -> None:
        self._upto = 0
        self._above: set[int] = set()

    def add(self, numbers: Sequence[int]) -> tuple[int, list[int]]:
        """Returns the number up to which everything is settled by this, or 0, and those above it."""
        mine = {number for number in numbers if number > self._upto} - self._above
        self._above |= mine
        covered = 0
        while self._upto + 1 in self._above:
            self._upto += 1
            self._above.remove(self._upto)
            covered = self._upto if self._upto in mine else covered
        return covered, sorted(number for number in mine if number > self._upto)
