"""What operators did: who, why, what, to what, when. Written in the transaction of the action itself."""

from typing import Annotated

import sqlalchemy as sa
from pydantic import BaseModel, Field

from bus.unit import Context

Words = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


class Instruction(BaseModel):
    """Who wants something done by hand, and why."""

    author: Words = "unknown"
    reason: Words = "none given"


def record(context: Context, by: Instruction, action: str, target: str, detail: str) -> None:
    """`action` is e.g. "timer.postpone", `target` the id of what it is done to, `detail` is for a person."""
    row = {
        "action_id": str(context.new_id(f"{action} {target}")),
        "at": context.unit.machine,
        "author": by.author,
        "reason": by.reason,
        "action": action,
        "target": target,
        "detail": detail,
    }
    context.unit.connection.execute(sa.insert(context.unit.service.tables.operator_actions).values(row))
