"""Takes over what the transport has given up delivering."""

import asyncio

import structlog

from bus import dead_letters
from bus.errors import Conflict, Unavailable
from bus.transport import Delivery, GivesUp
from bus.writer import PAUSE_SECONDS, Writer

AT_ONCE = 100
WHY = "given up by the transport after too many deliveries: a crash counts against everything that was in hand"

log = structlog.get_logger()


class Draining:
    """From the transport's dead queue into the dead letters, which try them again one at a time."""

    def __init__(self, queue: str, transport: GivesUp, writer: Writer) -> None:
        self._queue = transport.dead_queue(queue)
        self._transport = transport
        self._writer = writer

    async def once(self) -> None:
        """They are in hand as long as the database is away. One that cannot be kept goes back."""
        deliveries = await self._transport.receive(self._queue, AT_ONCE)
        kept = await asyncio.gather(*(self._keep(delivery) for delivery in deliveries), return_exceptions=True)
        await self._transport.ack([d for d, error in zip(deliveries, kept, strict=True) if error is None])
        await self._transport.nack([d for d, error in zip(deliveries, kept, strict=True) if error is not None])
        for error in filter(None, kept):
            raise error

    async def _keep(self, delivery: Delivery) -> None:
        log.warning("given up by the transport", queue=self._queue, id=delivery.headers.get("ce-id"))
        while True:
            try:
                return await self._writer.call(lambda context: dead_letters.receive(context.unit, delivery, WHY))
            except (Unavailable, Conflict):  # not given back: some brokers drop what comes back too often
                await asyncio.sleep(PAUSE_SECONDS)
