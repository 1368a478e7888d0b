"""Runs a flow on the bus: loads the instance, makes the step, keeps its deadlines, says what it says."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from bus.audit import Instruction
from bus.handler import Handler, on
from bus.message import Message
from bus.unit import Context, Store
from saga import deadlines
from saga.deadlines import DeadlineReached
from saga.flow import Flow
from saga.instance import Instance
from saga.revising import revise
from saga.row import Moment
from saga.stepping import Step, begin, reach_deadline, step
from saga.store import Instances


def by_subject(message: Message, _: Instances) -> str:
    """The usual: one instance for each subject."""
    return message.subject


@dataclass(frozen=True)
class Keeper:
    """One flow, its newest revision, where its instances are kept, and what else its rows may ask for.

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
        made = step(self._table(before), before, message, self._moment(context), context.cause.id)
        self._keep(before, made, context)
        return made

    def handle(self, message: Message, context: Context) -> Iterable[Message]:
        return self.hear(message, context).sends

    def reach(self, reached: DeadlineReached, context: Context) -> Iterable[Message]:
        before = context.store(self.instances).find(self.flow, reached.instance_id, reached.about)
        if before is None or before.generation != reached.generation or not self._has(before, reached.deadline):
            return ()  # stale: a no-op
        made = reach_deadline(self._table(before), before, reached.deadline, self._moment(context), context.cause.id)
        self._keep(before, made, context)
        return made.sends

    def revised(self, instance: Instance, by: Instruction, context: Context) -> Step:
        """The step to the newest revision. Nothing is stored yet: it may be a refusal, or asked for as a dry run."""
        return revise(self.flow, instance, self._moment(context), context.cause.id, by)

    def migrate(self, before: Instance, made: Step, context: Context) -> Iterable[Message]:
        """Store such a step. Returns what is to be said."""
        self._keep(before, made, context)
        return made.sends

    def _table(self, instance: Instance) -> Flow:
        """An instance goes on by the revision that it started with, or was migrated to."""
        return self.flow.revisions[instance.revision]

    def _has(self, instance: Instance, deadline: str) -> bool:
        """Since it was migrated it may have others."""
        return any(each.name == deadline for each in self._table(instance).deadlines(instance.state))

    def _moment(self, context: Context) -> Moment:
        return Moment(context.now, context.store(self.facts) if self.facts else None)

    def _keep(self, before: Instance, made: Step, context: Context) -> None:
        after = made.instance
        if after == before:
            return
        context.store(self.instances).save(after, made.history)
        if self.kept is not None:
            self.kept(before, after, context)
        deadlines.keep(self.flow, before, after, context)


def handlers(*keepers: Keeper) -> tuple[Handler, ...]:
    """What a service registers for its flows: their messages, and one handler for all their deadlines."""
    by_flow = {keeper.flow.name: keeper for keeper in keepers}

    def reach(message: DeadlineReached, context: Context) -> Iterable[Message]:
        return by_flow[message.flow].reach(message, context)

    stores = {keeper.instances for keeper in keepers}
    hearing = [on(message, k.handle, *k.loads) for k in keepers for message in heard(k.flow)]
    return (*hearing, on(DeadlineReached, reach, *stores))


def heard(flow: Flow) -> list[type[Message]]:
    """By any of its revisions."""
    return list(dict.fromkeys(message for table in flow.revisions.values() for message in table.messages))
