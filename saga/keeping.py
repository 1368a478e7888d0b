"""Runs a flow on the bus: loads the instance, makes the step, keeps its deadlines, says what it says."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from bus.handler import Handler, on
from bus.message import Local, Message
from bus.timers import Timers, timer_id_of
from bus.unit import Context, Store
from saga.flow import Flow
from saga.instance import Instance
from saga.row import Deadline, Moment
from saga.state import name_of
from saga.stepping import Step, begin, reach_deadline, step
from saga.store import Instances


class DeadlineReached(Local, owner="saga", key="about"):
    """A deadline of one state of one instance. It is stale once the instance has left that state."""

    flow: str
    instance_id: str
    about: str  # the instance's subject
    deadline: str
    generation: int


def by_subject(message: Message, _: Instances) -> str:
    """The usual: one instance for each subject."""
    return message.subject


@dataclass(frozen=True)
class Keeper:
    """One flow, where its instances are kept, and what else its rows may ask for.

    `names` tells which instance a message is for. `kept` is told of every step that is stored, in its transaction:
    the instance before, and after.
    """

    flow: Flow
    instances: type[Instances]
    facts: type[Store] | None = None
    names: Callable[[Any, Any], str] = by_subject
    kept: Callable[[Instance, Instance, Context], None] | None = None

    @property
    def loads(self) -> tuple[type[Store], ...]:
        return (self.instances,) if self.facts is None else (self.instances, self.facts)

    def hear(self, message: Message, context: Context) -> Step:
        """Make one step and store it. What it says is in the step, not sent yet.

        Raises NotYet, Poison, and what the flow's `begins` raises; then nothing was stored.
        """
        store = context.store(self.instances)
        key = self.names(message, store), message.subject
        before = store.find(self.flow, *key) or begin(self.flow, *key)
        made = step(self.flow, before, message, self._moment(context), context.cause.id)
        self._keep(before, made, context)
        return made

    def handle(self, message: Message, context: Context) -> Iterable[Message]:
        return self.hear(message, context).sends

    def reach(self, reached: DeadlineReached, context: Context) -> Iterable[Message]:
        before = context.store(self.instances).find(self.flow, reached.instance_id, reached.about)
        if before is None or before.generation != reached.generation:
            return ()  # stale: a no-op
        made = reach_deadline(self.flow, before, reached.deadline, self._moment(context), context.cause.id)
        self._keep(before, made, context)
        return made.sends

    def _moment(self, context: Context) -> Moment:
        return Moment(context.now, context.store(self.facts) if self.facts else None)

    def _keep(self, before: Instance, made: Step, context: Context) -> None:
        after = made.instance
        if after == before:
            return
        context.store(self.instances).save(after, made.history)
        if self.kept is not None:
            self.kept(before, after, context)
        if after.generation != before.generation:
            timers = context.store(Timers)
            for deadline in self.flow.deadlines(before.state):
                timers.cancel(timer_id_of(reached(before, deadline)))
            for deadline in self.flow.deadlines(after.state):
                due_at, wakes = context.now + deadline.pause(after.data), waking(self.flow, after, deadline)
                timers.set(deadline.name, reached(after, deadline), due_at, context, wakes)


def reached(instance: Instance, deadline: Deadline) -> DeadlineReached:
    return DeadlineReached(
        flow=instance.flow,
        instance_id=instance.instance_id,
        about=instance.subject,
        deadline=deadline.name,
        generation=instance.generation,
    )


def waking(flow: Flow, instance: Instance, deadline: Deadline) -> str:
    """What the deadline keeps from waiting for ever: the instance in its state, if it leads on."""
    which = flow.name if instance.instance_id == instance.subject else f"{flow.name} {instance.instance_id}"
    return f"{which} in {name_of(instance.state)}" if flow.wakes(instance.state, deadline) else ""


def handlers(*keepers: Keeper) -> tuple[Handler, ...]:
    """What a service registers for its flows: their messages, and one handler for all their deadlines."""
    by_flow = {keeper.flow.name: keeper for keeper in keepers}

    def reach(message: DeadlineReached, context: Context) -> Iterable[Message]:
        return by_flow[message.flow].reach(message, context)

    stores = {keeper.instances for keeper in keepers}
    hearing = [on(message, k.handle, *k.loads) for k in keepers for message in k.flow.messages]
    return (*hearing, on(DeadlineReached, reach, *stores))
