"""What a person may do with a timer: postpone it, let it fire now, or cancel it. Each returns the timer's row.

A timer that was postponed keeps its id, so whoever set it can still cancel it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bus import audit
from bus.audit import Instruction
from bus.envelope import rfc3339
from bus.errors import Refused
from bus.unit import Context


def postpone(context: Context, timer_id: str, until: Callable[[datetime], datetime], by: Instruction) -> Any:
    """`until` says when, given when it is due now. Raises Refused: there is no such timer, or that is not later."""
    timer = armed(context, timer_id)
    due_at = until(timer.due_at)
    if due_at <= timer.due_at:
        raise Refused(f"it is due at {rfc3339(timer.due_at)}: give a later time, or fire it to have it go off now")
    audit.record(context, by, "timer.postpone", timer_id, f"{summary(timer)}, now at {rfc3339(due_at)}")
    return change(context, timer, due_at)


def fire(context: Context, timer_id: str, by: Instruction) -> Any:
    """Make it due. It is to be handled at once; if nobody does, it goes off like any other. Raises Refused."""
    timer = armed(context, timer_id)
    audit.record(context, by, "timer.fire", timer_id, summary(timer))
    return change(context, timer, min(timer.due_at, context.now))


def cancel(context: Context, timer_id: str, by: Instruction) -> Any:
    """Raises Refused: there is no such timer, or something would wait for ever without it."""
    timer = armed(context, timer_id)
    if timer.wakes and not others(context, timer):
        raise Refused(
            f"{timer.name!r} is the only deadline of {timer.subject}, {timer.wakes}, which nothing else would wake: "
            "postpone it, or let it fire, instead of cancelling it",
            409,
        )
    timers = context.unit.service.tables.timers
    context.unit.connection.execute(sa.delete(timers).where(timers.c.timer_id == timer_id))
    audit.record(context, by, "timer.cancel", timer_id, summary(timer))
    return timer


def armed(context: Context, timer_id: str) -> Any:
    timers = context.unit.service.tables.timers
    query = sa.select(timers).where(timers.c.timer_id == timer_id).with_for_update()
    timer = context.unit.connection.execute(query).first()
    if timer is None:
        raise gone(context, timer_id)
    return timer


def gone(context: Context, timer_id: str) -> Refused:
    """Why there is no such timer, as far as that is known."""
    actions = context.unit.service.tables.operator_actions
    ends = actions.c.target == timer_id, actions.c.action.in_(("timer.fire", "timer.cancel"))
    last = context.unit.connection.execute(sa.select(actions).where(*ends).order_by(actions.c.at.desc())).first()
    if last is None:
        return Refused(f"there is no timer {timer_id}: it went off, was cancelled, or never was", 404)
    done = "fired" if last.action == "timer.fire" else "cancelled"
    return Refused(f"this timer is gone: it was {done} by {last.author}, because: {last.reason}", 409)


def others(context: Context, timer: Any) -> bool:
    """Does another timer wake the same? Locked, so that two cannot be cancelled at once, each because of the other."""
    timers = context.unit.service.tables.timers
    same = timers.c.subject == timer.subject, timers.c.wakes == timer.wakes
    query = sa.select(timers.c.timer_id).where(*same).order_by(timers.c.timer_id).with_for_update()
    return any(found != timer.timer_id for found in context.unit.connection.execute(query).scalars())


def change(context: Context, timer: Any, due_at: datetime) -> Any:
    timers = context.unit.service.tables.timers
    mine = timers.c.timer_id == timer.timer_id
    moved = sa.update(timers).where(mine).values(due_at=due_at).returning(*timers.c)
    context.unit.note_timer(due_at)
    return context.unit.connection.execute(moved).one()


def summary(timer: Any) -> str:
    return f"{timer.name!r} of {timer.subject}, due at {rfc3339(timer.due_at)}"
