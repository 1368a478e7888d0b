"""Migrates what is under way to the newest revision of its flow, batch by batch, each in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from bus import audit
from bus.audit import Instruction
from bus.unit import Context
from saga.flow import Flow
from saga.instance import Instance
from saga.keeping import Keeper
from saga.stepping import Step


@dataclass(frozen=True)
class Fate:
    """What becomes of one instance of an earlier revision: a step to the newest, none if it stays, or a refusal."""

    before: Instance
    made: Step


@dataclass(frozen=True)
class Batch:
    fates: Sequence[Fate]
    last: str | None  # the instance after which the next batch begins; None if there is none


def look(keeper: Keeper, context: Context, by: Instruction, limit: int, after: str | None = None) -> Batch:
    """The next so many that are under way in earlier revisions, locked, as they are now, and what becomes of each."""
    store = context.store(keeper.instances)
    found = store.of_earlier_revisions(keeper.flow, limit, after)
    store.preload(subject for _, subject in found)
    fates = []
    for instance_id, subject in found:
        before = store.find(keeper.flow, instance_id, subject)
        if before is not None and is_earlier(keeper.flow, before):
            fates.append(Fate(before, keeper.revised(before, by, context)))
    return Batch(fates, found[-1][0] if len(found) == limit else None)


def is_earlier(flow: Flow, instance: Instance) -> bool:
    """It is under way, and not in the newest revision: still, as it may have moved before it was locked."""
    return instance.revision < flow.revision and instance.state not in flow.revisions[instance.revision].ends


def migrate(keeper: Keeper, context: Context, by: Instruction, limit: int, after: str | None = None) -> Batch:
    """Do it, for those that are not refused."""
    batch = look(keeper, context, by, limit, after)
    for fate in batch.fates:
        if fate.made.changed:
            audit.record(context, by, "flow.migrate", fate.before.instance_id, detail(fate))
            context.send(keeper.migrate(fate.before, fate.made, context))
    return batch


def detail(fate: Fate) -> str:
    before, after = fate.before, fate.made.instance
    return (
        f"{before.flow}: {before.state} of revision {before.revision}, now {after.state} of revision {after.revision}"
    )
