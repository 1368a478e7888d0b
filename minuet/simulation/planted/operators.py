"""Bugs in what operators do."""

from contextlib import AbstractContextManager
from typing import Any

import sqlalchemy as sa

from bus import audit, redriving, rescheduling
from minuet.simulation.planted.bug import bug, replaced, rewritten
from order_service import api, placing
from order_service.messages import CloseOrder, RetryOrder


@bug
def action_not_recorded() -> AbstractContextManager[None]:
    """Nobody will know who did it, and why."""
    return replaced(audit, "record", lambda *_: None)


@bug
def last_deadline_cancelled() -> AbstractContextManager[None]:
    """An operator may cancel the only deadline of what waits for it."""
    return replaced(rescheduling, "others", lambda _context, _timer: True)


@bug
def any_deadline_excuses_a_cancel() -> AbstractContextManager[None]:
    """An operator may cancel a deadline that somebody waits for, if another is set: for whatever."""

    def others(context: Any, timer: Any) -> bool:
        timers = context.unit.service.tables.timers
        more = timers.c.subject == timer.subject, timers.c.timer_id != timer.timer_id
        return context.unit.connection.execute(sa.select(timers.c.timer_id).where(*more)).first() is not None

    return replaced(rescheduling, "others", others)


@bug
def redrive_counts_as_done() -> AbstractContextManager[None]:
    """A dead letter that is to be tried again is closed, and not tried."""

    def change(context: Any, letter: Any, **values: Any) -> None:
        original(context, letter, **{**values, "status": "redriven", "next_attempt_at": None})

    original = redriving.change
    return replaced(redriving, "change", change)


@bug
def attended_in_words_only() -> AbstractContextManager[None]:
    """That a person has retried or closed an order is on record, and it stays as it is."""

    def told(original: Any, message: Any, context: Any) -> Any:
        attended = isinstance(message, RetryOrder | CloseOrder)
        return placing.find(str(message.order_id), context) if attended else original(message, context)

    return rewritten(api.told, told)


@bug
def cancelled_deadline_goes_off() -> AbstractContextManager[None]:
    """That an operator has cancelled a deadline is on record, and it goes off."""

    def cancel(_original: Any, context: Any, timer_id: str, by: Any) -> Any:
        timer = rescheduling.armed(context, timer_id)
        audit.record(context, by, "timer.cancel", timer_id, rescheduling.summary(timer))
        return timer

    return rewritten(rescheduling.cancel, cancel)


@bug
def deadline_given_up() -> AbstractContextManager[None]:
    """An operator may discard a deadline that could not be handled."""
    return replaced(redriving, "said_by_itself", lambda _context, _letter: False)


BUGS = (
    action_not_recorded,
    last_deadline_cancelled,
    any_deadline_excuses_a_cancel,
    redrive_counts_as_done,
    attended_in_words_only,
    cancelled_deadline_goes_off,
    deadline_given_up,
)
