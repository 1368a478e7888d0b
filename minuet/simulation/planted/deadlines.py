"""Bugs in deadlines."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bus import timers
from bus.envelope import Envelope
from bus.message import Local, Message
from bus.timers import DueTimers, Timers
from bus.unit import Context, UnitOfWork
from minuet.simulation.planted.bug import both, bug, replaced
from saga.deadlines import DeadlineReached
from saga.instance import Instance
from saga.keeping import Keeper
from saga.row import Deadline
from saga.state import Kind
from saga.stepping import Step, reach_deadline


@bug
def deadline_not_cancelled() -> AbstractContextManager[None]:
    """The deadlines of a state outlive it."""
    return replaced(Timers, "cancel", lambda _self, _timer_id: None)


@bug
def deadlines_of_a_finished_flow_kept() -> AbstractContextManager[None]:
    """Who ends does not cancel his last deadlines."""

    def keep(self: Keeper, before: Instance, made: Step, context: Context) -> None:
        ends = self.flow.state(made.instance.state).kind is Kind.END
        with replaced(Timers, "cancel", (lambda _self, _timer_id: None) if ends else Timers.cancel):
            original(self, before, made, context)

    original = Keeper._keep
    return replaced(Keeper, "_keep", keep)


@bug
def stale_deadline_obeyed() -> AbstractContextManager[None]:
    """A deadline of a state that was left counts all the same."""

    def reach(self: Any, reached: DeadlineReached, context: Context) -> Iterable[Message]:
        before = context.store(self.instances).find(self.flow, reached.instance_id, reached.about)
        if before is None:
            return ()
        made = reach_deadline(self.flow, before, reached.deadline, self._moment(context), context.cause.id)
        self._keep(before, made, context)
        return made.sends

    return replaced(Keeper, "reach", reach)


@bug
def deadline_of_another_state_looked_up() -> AbstractContextManager[None]:
    """A deadline whose state was left is taken for the first one of the present state."""

    def reach(self: Any, reached: DeadlineReached, context: Context) -> Iterable[Message]:
        before = context.store(self.instances).find(self.flow, reached.instance_id, reached.about)
        if before is None or not self.flow.deadlines(before.state):
            return ()
        known = [deadline.name for deadline in self.flow.deadlines(before.state)]
        name = reached.deadline if reached.deadline in known else known[0]
        made = reach_deadline(self.flow, before, name, self._moment(context), context.cause.id)
        self._keep(before, made, context)
        return made.sends

    return replaced(Keeper, "reach", reach)


@bug
def second_deadline_not_armed() -> AbstractContextManager[None]:
    """Of a state with several deadlines, only the last is armed."""

    def set_timer(self: Any, name: str, message: Local, due_at: datetime, context: Context, wakes: str = "") -> str:
        mine = [key for key, row in self._new.items() if row["subject"] == message.subject]
        for key in mine:
            del self._new[key]
        return original(self, name, message, due_at, context, wakes)

    original = Timers.set
    return replaced(Timers, "set", set_timer)


@bug
def deadline_a_day_too_early() -> AbstractContextManager[None]:
    """Whatever lasts for days lasts for one day less."""
    return replaced(Deadline, "pause", lambda self, data: shifted(pause(self, data), -1))


@bug
def deadline_a_day_too_late() -> AbstractContextManager[None]:
    """Whatever lasts for days lasts for one day more."""
    return replaced(Deadline, "pause", lambda self, data: shifted(pause(self, data), +1))


def shifted(duration: timedelta, days: int) -> timedelta:
    return duration + timedelta(days=days) if duration > timedelta(days=1) else duration


@bug
def timer_goes_off_before_it_is_due() -> AbstractContextManager[None]:
    """Timers of the coming hour go off together."""

    def due(connection: sa.Connection, table: sa.Table, now: datetime) -> list[Envelope]:
        return original(connection, table, now + timedelta(hours=1))

    def claim(_self: DueTimers, unit: UnitOfWork, ids: Sequence[str], **_: bool) -> set[str]:
        taken = timers._take(unit.service.tables.timers)
        soon = unit.now + timedelta(hours=1)
        return set(unit.connection.execute(taken, {"ids": ids, "now": soon}).scalars())

    original = timers.due
    return both(replaced(timers, "due", due), replaced(DueTimers, "claim", claim))


@bug
def timer_goes_off_twice() -> AbstractContextManager[None]:
    """Who has read that a timer is due handles it, even if another did before."""

    def claim(_self: DueTimers, unit: UnitOfWork, ids: Sequence[str], **_: bool) -> set[str]:
        original(_self, unit, ids)
        return set(ids)

    original = DueTimers.claim
    return replaced(DueTimers, "claim", claim)


@bug
def postponed_timer_goes_off() -> AbstractContextManager[None]:
    """Who has read that a timer is due lets it go off, even if an operator has postponed it since."""

    def claim(_self: DueTimers, unit: UnitOfWork, ids: Sequence[str], **_: bool) -> set[str]:
        taken = timers._take(unit.service.tables.timers)
        return set(unit.connection.execute(taken, {"ids": ids, "now": datetime.max.replace(tzinfo=UTC)}).scalars())

    return replaced(DueTimers, "claim", claim)


@bug
def deadline_begins_anew() -> AbstractContextManager[None]:
    """What happens to a state while its deadline runs gives it another day."""

    def enter(self: Instance, state: str) -> Instance:
        after = original(self, state)
        return replace(after, generation=self.generation + 1) if state != self.state else after

    original = Instance.enter
    return replaced(Instance, "enter", enter)


pause = Deadline.pause
BUGS = (
    deadline_not_cancelled,
    deadlines_of_a_finished_flow_kept,
    stale_deadline_obeyed,
    deadline_of_another_state_looked_up,
    second_deadline_not_armed,
    deadline_a_day_too_early,
    deadline_a_day_too_late,
    timer_goes_off_before_it_is_due,
    timer_goes_off_twice,
    postponed_timer_goes_off,
    deadline_begins_anew,
)
