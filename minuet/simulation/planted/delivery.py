"""Bugs in how messages reach their handlers."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import bus.journey
import saga.stepping
from bus import dead_letters
from bus.database import is_unreachable
from bus.dead_letters import DeadLetters
from bus.delivery import open_delivery
from bus.errors import NotYet, Refused, Unavailable
from bus.host import RECEIVE_LIMIT, Host
from bus.incoming import Work
from bus.journey import Committed, Journey
from bus.transport import Delivery
from bus.unit import UnitOfWork
from minuet.simulation.planted.bug import bug, replaced
from saga.stepping import Step


@bug
def ack_before_commit() -> AbstractContextManager[None]:
    """A message is acknowledged as soon as it arrives."""

    async def consume(self: Any) -> None:
        deliveries = await self._transport.receive(self.service.name, RECEIVE_LIMIT)
        await self._transport.ack(deliveries)
        await self.writer.do([open_delivery(self.service, delivery) for delivery in deliveries])

    return replaced(Host, "_consume", consume)


@bug
def unfinished_batch_acknowledged() -> AbstractContextManager[None]:
    """Who is to stop acknowledges what he has in hand, whether he could finish it or not."""

    async def take(self: Any, deliveries: Sequence[Delivery]) -> None:
        try:
            await self.writer.insist([open_delivery(self.service, delivery) for delivery in deliveries])
        finally:
            await self._transport.ack(deliveries)

    return replaced(Host, "_take", take)


@bug
def failed_batch_acknowledged_as_a_whole() -> AbstractContextManager[None]:
    """When a batch cannot be handled, all that is in it counts as done."""

    def process(self: Any, works: list[Work]) -> Committed:
        try:
            return self._together(works) if works else Committed()
        except Exception as error:
            if is_unreachable(error):
                raise Unavailable(str(error)) from error
            for work in works:
                work.fail(error)
            return Committed()

    return replaced(Journey, "_process", process)


@bug
def absence_of_the_database_counted() -> AbstractContextManager[None]:
    """While the database is away, messages become dead letters for it."""
    return replaced(bus.journey, "is_unreachable", lambda _error: False)


@bug
def dead_letter_dropped() -> AbstractContextManager[None]:
    """What cannot be handled is forgotten."""
    return replaced(dead_letters, "keep", lambda _unit, _work, _error: None)


@bug
def dead_letter_not_tried_again() -> AbstractContextManager[None]:
    """What could not be handled waits for a person, though a second attempt would do."""
    return replaced(dead_letters, "due", lambda _context: [])


@bug
def retry_not_in_the_inbox() -> AbstractContextManager[None]:
    """What is handled from the dead letters is not remembered as handled."""

    def claim(_self: DeadLetters, unit: UnitOfWork, ids: Sequence[str], **_: bool) -> set[str]:
        letters = unit.service.tables.dead_letters
        mine = letters.c.message_id.in_(ids) & (letters.c.status == "retrying")
        closed = letters.update().where(mine).values(status="redriven", next_attempt_at=None)
        return set(unit.connection.execute(closed.returning(letters.c.message_id)).scalars())

    return replaced(DeadLetters, "claim", claim)


@bug
def early_message_dropped() -> AbstractContextManager[None]:
    """What comes before its flow has started counts as handled."""

    def take(flow: Any, instance: Any, *arguments: Any) -> Step:
        try:
            return original(flow, instance, *arguments)
        except NotYet:
            return Step(instance)

    original = saga.stepping.take
    return replaced(saga.stepping, "take", take)


@bug
def early_message_parked() -> AbstractContextManager[None]:
    """What comes before what it is about waits for a person, and would have come right by itself."""
    return replaced(dead_letters, "Refused", Refused | NotYet)


@bug
def letter_written_over() -> AbstractContextManager[None]:
    """Of two messages under one id, only the second is among the dead letters."""
    return replaced(dead_letters, "apart", lambda _found, envelope: envelope)


@bug
def discarded_letter_comes_back() -> AbstractContextManager[None]:
    """What was given up is a dead letter again as soon as it is said again."""
    return replaced(dead_letters, "is_handled", lambda _unit, _message_id: False)


BUGS = (
    ack_before_commit,
    unfinished_batch_acknowledged,
    failed_batch_acknowledged_as_a_whole,
    absence_of_the_database_counted,
    dead_letter_dropped,
    dead_letter_not_tried_again,
    retry_not_in_the_inbox,
    early_message_dropped,
    early_message_parked,
    letter_written_over,
    discarded_letter_comes_back,
)
