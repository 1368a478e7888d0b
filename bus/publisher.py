"""Publishes what was committed, straight from memory; the sweeper hands it what a crash left behind."""

import asyncio
from collections.abc import Sequence

import structlog

from bus import outbox
from bus.activity import Activity
from bus.envelope import Envelope
from bus.errors import Unavailable
from bus.hooks import Hooks
from bus.transport import Transport
from bus.writer import Writer

BATCH = 500
WAITING_LIMIT = 10_000  # more than this is left in the table, for the sweeper

log = structlog.get_logger()


class Publisher:
    """One publish at a time, of whatever has been committed meanwhile. Never two of one id at once."""

    def __init__(self, transport: Transport, writer: Writer, activity: Activity, hooks: Hooks) -> None:
        self._transport = transport
        self._writer = writer
        self._activity = activity
        self._hooks = hooks
        self._waiting: dict[str, Envelope] = {}
        self._arrived = asyncio.Event()

    def hand_over(self, envelopes: Sequence[Envelope]) -> None:
        """These are committed. Returns at once."""
        self._activity.begin(key_of(envelope) for envelope in envelopes)
        for envelope in envelopes:
            if len(self._waiting) < WAITING_LIMIT:
                self._waiting.setdefault(envelope.id, envelope)
        if self._waiting:
            self._arrived.set()

    async def run(self) -> None:
        while True:
            await self._arrived.wait()
            await self._publish(list(self._waiting.values())[:BATCH])
            if not self._waiting:
                self._arrived.clear()

    async def _publish(self, batch: list[Envelope]) -> None:
        try:
            verdicts = await self._transport.publish(batch)
        except Unavailable as error:
            verdicts = [error] * len(batch)
        self._hooks.after_publish(batch, verdicts)
        confirmed = [envelope for envelope, verdict in zip(batch, verdicts, strict=True) if verdict is None]
        for envelope, verdict in zip(batch, verdicts, strict=True):
            self._waiting.pop(envelope.id, None)
            if verdict is not None:
                log.warning("not published, will be tried again", type=envelope.type, id=envelope.id, why=str(verdict))
        self._activity.end(key_of(envelope) for envelope in confirmed)
        ids = [envelope.id for envelope in confirmed]
        if ids:
            self._writer.join(lambda context: outbox.forget(context.unit, ids))


def key_of(envelope: Envelope) -> str:
    return f"out {envelope.id}"
