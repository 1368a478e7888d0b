"""Takes over what the transport has given up delivering."""

import asyncio

import structlog

from bus import dead_letters
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
        """They are in hand until they are kept."""
        deliveries = await self._transport.receive(self._queue, AT_ONCE)
        await asyncio.gather(*(self._keep(delivery) for delivery in deliveries))
        await self._transport.ack(deliveries)

    async def _keep(self, delivery: Delivery) -> None:
        """Whatever the trouble, it is not given back: some brokers drop what comes back too often."""
        found = {"queue": self._queue, "id": delivery.headers.get("ce-id")}
        log.warning("given up by the transport", **found)
        while True:
            try:
                return await self._writer.call(lambda context: dead_letters.receive(context.unit, delivery, WHY))
            except Exception as error:
                log.warning("it cannot be kept now, and stays in hand", **found, why=str(error))
                await asyncio.sleep(PAUSE_SECONDS)
