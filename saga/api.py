"""Flows over HTTP, for operators: which instances are of an earlier revision, and their migration to the newest."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import Field

from bus.access import Access
from bus.audit import Instruction
from saga.keeping import Keeper
from saga.migrating import Batch, Fate, look, migrate
from saga.stepping import Step

AT_ONCE = 100
MOST_AT_ONCE = 500
Limit = Annotated[int, Field(ge=1, le=MOST_AT_ONCE, strict=True)]
InstanceId = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]


class Migration(Instruction):
    """One batch: so many, beginning after that one, which is the `next` of the batch before."""

    limit: Limit = AT_ONCE
    after: InstanceId | None = None


def routes(access: Access, *keepers: Keeper) -> APIRouter:
    router = APIRouter(prefix="/flows", tags=["operators"])
    for keeper in keepers:
        router.include_router(of_flow(access, keeper))
    return router


def of_flow(access: Access, keeper: Keeper) -> APIRouter:
    router = APIRouter(prefix=f"/{keeper.flow.name}/migration")

    @router.get("", operation_id=f"plan_migration_of_{keeper.flow.name}")
    async def plan(
        limit: Annotated[int, Query(ge=1, le=MOST_AT_ONCE)] = AT_ONCE,
        after: Annotated[str | None, Query(max_length=500, pattern=r"^[^\x00]*$")] = None,
    ) -> dict[str, Any]:
        """What would become of them. It is asked of them as the migration would ask, under the same locks."""
        return told(keeper, await access.write(lambda context: look(keeper, context, Instruction(), limit, after)))

    @router.post("", operation_id=f"migrate_{keeper.flow.name}")
    async def do(body: Annotated[Migration | None, Body()] = None) -> dict[str, Any]:
        """One batch, in one transaction. Those that are refused stay as they are."""
        by = body or Migration()
        return told(keeper, await access.write(lambda context: migrate(keeper, context, by, by.limit, by.after)))

    return router


def told(keeper: Keeper, batch: Batch) -> dict[str, Any]:
    items = [item(fate) for fate in batch.fates]
    return {"flow": keeper.flow.name, "revision": keeper.flow.revision, "items": items, "next": batch.last}


def item(fate: Fate) -> dict[str, Any]:
    before, after = fate.before, fate.made.instance
    return {
        "subject": before.subject,
        "instance_id": before.instance_id,
        "from": {"revision": before.revision, "state": before.state},
        "to": {"revision": after.revision, "state": after.state},
        "outcome": outcome(fate.made),
        "refused": fate.made.refused or None,
    }


def outcome(made: Step) -> str:
    if made.refused:
        return "refused"
    return "migrates" if made.changed else "stays"
