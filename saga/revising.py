"""From one revision of a flow to the next: a plain function of the instance. No I/O, no clock, no ids."""

from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from bus.audit import Instruction
from saga.flow import Flow
from saga.instance import HistoryRow, Instance
from saga.row import Moment
from saga.stepping import Step, joined


def revise(flow: Flow, instance: Instance, moment: Moment, because: str, by: Instruction) -> Step:
    """The instance as the newest revision has it; unchanged if it is to stay, or refused, with the reason.

    It goes from revision to revision, as far as there is one, or not at all. Nothing is said but by joins that hold
    in the state that it comes to.
    """
    made = Step(instance)
    for revision in range(instance.revision + 1, flow.revision + 1):
        following = flow.revisions[revision]
        target = following.replaces.becomes(made.instance.state) if following.replaces else None
        if target is None:
            return Step(instance)
        try:
            made = follow(made, following, target.label, moment, because, by)
        except ValidationError as error:
            return Step(instance, refused=f"revision {revision} does not accept its data: {told(error)}")
    return arrive(flow, instance, made, moment, because)


def follow(made: Step, flow: Flow, state: str, moment: Moment, because: str, by: Instruction) -> Step:
    before = made.instance
    line = HistoryRow(
        at=moment.now,
        from_state=before.state,
        to_state=state,
        because=cause(before.revision, flow.revision),
        message_id=because,
        author=by.author,
        reason=by.reason,
    )
    after = replace(
        before,
        revision=flow.revision,
        state=state,
        data=flow.data.model_validate(before.data.model_dump(mode="json")),
        steps=before.steps + 1,
        updated_at=moment.now,
    )
    return Step(after, history=(*made.history, line))


def arrive(flow: Flow, before: Instance, made: Step, moment: Moment, because: str) -> Step:
    known = {undo.name for undo in flow.undos}
    unknown = sorted({entry.undo for entry in before.undos if entry.is_open} - known)
    if unknown:
        return Step(before, refused=f"revision {flow.revision} does not know how to undo by {', '.join(unknown)}")
    try:
        made = joined(flow, made, moment, because)
        for deadline in flow.deadlines(made.instance.state):
            deadline.pause(made.instance.data)
    except Exception as error:  # its data is not what the functions of the new table expect
        return Step(before, refused=f"its data is not what revision {flow.revision} expects: {error!r}")
    return made


def cause(before: int, after: int) -> str:
    """What the history says."""
    return f"migrated from revision {before} to {after}"


def told(error: ValidationError) -> str:
    """What is wrong, without what it was: that may be about people."""
    found: list[Any] = error.errors(include_input=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'all of it'}: {each['msg']}" for each in found)
