"""Writes a batch of messages to one channel, in one go. The client does it message by message, each in a task of its
own, which costs us twice as much, and the broker too.
"""

import asyncio
from collections.abc import Sequence

from aiormq.abc import ChannelFrame
from aiormq.channel import Channel
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from bus.envelope import Envelope
from bus.topology import Exchange, exchange_for
from bus.transport import Binding
from bus.transports.rabbitmq.properties import properties_of


class Writing:
    """`answers` are the broker's, by message id, or the reason why it was not asked."""

    def __init__(self, channel: Channel, user: str | None) -> None:
        self._channel = channel
        self._user = user
        self.answers: dict[str, asyncio.Future[object]] = {}

    async def write(self, envelopes: Sequence[Envelope], seconds: float) -> bool:
        """Returns once all are answered, or after so many seconds: then False, and the channel must not be used again.
        Raises what the client raises if the channel is closed.
        """
        async with self._channel.lock:
            frames = [self._count_in(envelope) for envelope in envelopes]
            await self._channel.write_queue.put(ChannelFrame(b"".join(frames), should_close=False))
        _, unanswered = await asyncio.wait(self.answers.values(), timeout=seconds)
        for message_id, answer in self.answers.items():
            answer.cancel()
            self._channel.message_id_delivery_tag.pop(message_id, None)
        return not unanswered

    def _count_in(self, envelope: Envelope) -> bytes:
        """The broker counts the messages of a channel, and answers by their numbers."""
        try:
            frames = framed(self._channel, envelope, self._user)
        except ValueError as error:
            refused = self.answers[envelope.id] = asyncio.get_running_loop().create_future()
            refused.set_exception(error)
            return b""
        self.answers[envelope.id] = answer = self._channel.create_future()
        self._channel.delivery_tag += 1
        self._channel.confirmations[self._channel.delivery_tag] = answer
        self._channel.message_id_delivery_tag[envelope.id] = self._channel.delivery_tag
        return frames


def framed(channel: Channel, envelope: Envelope, user: str | None) -> bytes:
    """Raises ValueError if it is more than the broker takes."""
    size, body = channel.max_content_size, envelope.body
    publish = Basic.Publish(exchange=destination(envelope).name, routing_key=envelope.type, mandatory=envelope.command)
    header = ContentHeader(properties=properties_of(envelope, user), body_size=len(body))
    parts = [ContentBody(body[begin : begin + size]) for begin in range(0, len(body), size)]
    return ChannelFrame.marshall(channel.number, [publish, header, *parts]).payload


def destination(envelope: Envelope) -> Exchange:
    return exchange_for(Binding(envelope.type, envelope.command))
