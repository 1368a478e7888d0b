"""Publishing: a batch at a time on a channel, all of it at once, each message confirmed by the broker.

The client knows a message that the broker returns by its id alone, so no two of one id are under way on one channel.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, PublishError
from aiormq.channel import Channel as Underlay

from bus.envelope import Envelope
from bus.errors import Unavailable, Unroutable
from bus.topology import Exchange
from bus.transports.rabbitmq.declaring import declare_exchange
from bus.transports.rabbitmq.link import Link, words
from bus.transports.rabbitmq.writing import Writing, destination

CONFIRM_SECONDS = 5.0  # what is not confirmed by then counts as not published, and is published again

Verdict = Exception | None


class Publishing:
    """Several may publish at the same time, each on a channel of its own. Channels are used again."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._idle: list[AbstractChannel] = []

    async def publish(self, batch: Sequence[Envelope]) -> list[Verdict]:
        verdicts: list[Verdict] = []
        for part in without_repeats(batch):
            verdicts += await self._publish(part)
        return verdicts

    async def _publish(self, part: Sequence[Envelope]) -> list[Verdict]:
        await self._link.ready()
        refused = await self._declare({destination(envelope) for envelope in part})
        accepted = [envelope for envelope in part if destination(envelope) not in refused]
        verdicts = iter(await self._send(accepted))
        return [refused.get(destination(envelope)) or next(verdicts) for envelope in part]

    async def _declare(self, exchanges: Iterable[Exchange]) -> dict[Exchange, Unavailable]:
        """What is published to must exist. One that cannot be declared holds up nobody else's messages."""
        refused: dict[Exchange, Unavailable] = {}
        for exchange in exchanges:
            if exchange.name not in self._link.declared:
                try:
                    await declare_exchange(self._link, exchange)
                    self._link.declared.add(exchange.name)
                except Unavailable as error:
                    refused[exchange] = error
        return refused

    async def _send(self, envelopes: Sequence[Envelope]) -> list[Verdict]:
        if not envelopes:
            return []
        channel = await self._take()
        writing = Writing(cast(Underlay, await channel.get_underlay_channel()), self._link.user)
        try:
            settled = await writing.write(envelopes, CONFIRM_SECONDS)
            if settled:
                self._put_back(channel)
            return [verdict(envelope, writing.answers[envelope.id]) for envelope in envelopes]
        except CONNECTION_EXCEPTIONS as error:
            raise Unavailable(f"the broker: {words(error)}") from error
        finally:
            if channel not in self._idle:
                self._link.abandon(channel)

    async def _take(self) -> AbstractChannel:
        while self._idle:
            channel = self._idle.pop()
            if not channel.is_closed:
                return channel
        return await self._link.open_channel(confirms=True)

    def _put_back(self, channel: AbstractChannel) -> None:
        if channel.is_closed:
            self._link.declared.clear()  # perhaps because an exchange is gone
        else:
            self._idle.append(channel)


def verdict(envelope: Envelope, answer: "asyncio.Future[object]") -> Verdict:
    if not answer.done() or answer.cancelled():
        return Unavailable(f"not confirmed by the broker within {CONFIRM_SECONDS:.0f} s")
    error = answer.exception()
    if isinstance(error, PublishError):
        return Unroutable.of(envelope.type)
    if isinstance(error, CONNECTION_EXCEPTIONS):
        return Unavailable(f"the broker: {words(error)}")
    if isinstance(error, asyncio.CancelledError):  # what the client library gives as the reason for which it has ended
        return Unavailable("the connection to the broker was closed")
    if error is not None and not isinstance(error, Exception):
        raise error
    return error


def without_repeats(batch: Sequence[Envelope]) -> Iterator[list[Envelope]]:
    """The batch cut into as few parts as may be, with no id twice in one."""
    part: dict[str, Envelope] = {}
    for envelope in batch:
        if envelope.id in part:
            yield list(part.values())
            part = {}
        part[envelope.id] = envelope
    if part:
        yield list(part.values())
