"""Bugs in how messages travel."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from bus import dead_letters, outbox
from bus.delivery import open_delivery
from bus.host import RECEIVE_LIMIT, Host
from bus.inbox import Inbox
from bus.timers import Timers
from bus.unit import UnitOfWork
from minuet.simulation.planted.bug import bug, replaced


@bug
def no_inbox() -> AbstractContextManager[None]:
    """Nobody remembers what was handled."""

    def claim(_self: Inbox, _unit: UnitOfWork, ids: Sequence[str]) -> set[str]:
        return set(ids)

    return replaced(Inbox, "claim", claim)


@bug
def ack_before_commit() -> AbstractContextManager[None]:
    """A message is acknowledged as soon as it arrives."""

    async def consume(self: Any) -> None:
        deliveries = await self._transport.receive(self.service.name, RECEIVE_LIMIT)
        await self._transport.ack(deliveries)
        await self.writer.do([open_delivery(self.service, delivery) for delivery in deliveries])

    return replaced(Host, "_consume", consume)


@bug
def outbox_not_swept() -> AbstractContextManager[None]:
    """What a crash left in the outbox stays there."""
    return replaced(outbox, "sweep", lambda _context: [])


@bug
def dead_letter_dropped() -> AbstractContextManager[None]:
    """What cannot be handled is forgotten."""
    return replaced(dead_letters, "keep", lambda _unit, _work, _error: None)


@bug
def deadline_not_cancelled() -> AbstractContextManager[None]:
    """The deadlines of a state outlive it."""
    return replaced(Timers, "cancel", lambda _self, _timer_id: None)


BUGS = (no_inbox, ack_before_commit, outbox_not_swept, dead_letter_dropped, deadline_not_cancelled)
