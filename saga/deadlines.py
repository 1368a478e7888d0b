"""Keeps the deadlines of an instance: those of its present state are armed, and no others."""

from bus.message import Local
from bus.timers import Timers, timer_id_of
from bus.unit import Context
from saga.flow import Flow
from saga.instance import Instance
from saga.row import Deadline
from saga.state import name_of


class DeadlineReached(Local, owner="saga", key="about"):
    """A deadline of one state of one instance. It is stale once the instance has left that state."""

    flow: str
    instance_id: str
    about: str  # the instance's subject
    deadline: str
    generation: int


def keep(flow: Flow, before: Instance, after: Instance, context: Context) -> None:
    """After a step. `flow` knows the revisions of both."""
    old, new = flow.revisions[before.revision], flow.revisions[after.revision]
    if after.generation != before.generation:
        timers = context.store(Timers)
        for deadline in old.deadlines(before.state):
            timers.cancel(timer_id_of(reached(before, deadline)))
        for deadline in new.deadlines(after.state):
            arm(new, after, deadline, context)
    elif old is not new:
        carry_over(old, new, before, after, context)


def arm(flow: Flow, instance: Instance, deadline: Deadline, context: Context) -> None:
    due_at, wakes = context.now + deadline.pause(instance.data), waking(flow, instance, deadline)
    context.store(Timers).set(deadline.name, reached(instance, deadline), due_at, context, wakes)


def carry_over(old: Flow, new: Flow, before: Instance, after: Instance, context: Context) -> None:
    """The same state under another table. A deadline of the same name goes on and keeps its due time; one that has gone
    off, or was cancelled by an operator, is not armed again, unless nothing else would wake the instance.
    """
    timers = context.store(Timers)
    earlier = {deadline.name: deadline for deadline in old.deadlines(before.state)}
    now = {deadline.name: deadline for deadline in new.deadlines(after.state)}
    for name in earlier:
        if name not in now:
            timers.cancel(timer_id_of(reached(before, earlier[name])))
    kept = [now[name] for name in now if name in earlier]
    armed = [each for each in kept if timers.relabel(timer_id_of(reached(after, each)), waking(new, after, each))]
    fresh = [now[name] for name in now if name not in earlier]
    if not any(new.wakes(after.state, each) for each in (*armed, *fresh)):
        fresh += [each for each in kept if new.wakes(after.state, each)]
    for deadline in fresh:
        arm(new, after, deadline, context)


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
