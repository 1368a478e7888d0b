"""Revision n+1 of a flow: what becomes of those that are under way in revision n."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from saga.row import Decision, stays
from saga.state import Kind, State

if TYPE_CHECKING:
    from saga.flow import Flow


@dataclass(frozen=True)
class Replaces:
    """The flow that is replaced, and what each of its states becomes; `stays`: such instances end as they began.

    A state that is not named becomes the one of the same name. A human task goes where the state goes that it came
    from. Whoever has ended is not migrated.
    """

    flow: "Flow"
    states: Mapping[State, State | Decision] = field(default_factory=dict)

    def becomes(self, label: str) -> State | None:
        """None: it stays."""
        state = self.flow.state(label)
        named = self.states.get(state, self._task_of(state))
        return named if isinstance(named, State) else None

    def _task_of(self, state: State) -> State | Decision:
        if state.kind is not Kind.HUMAN or not state.variant:
            return state
        origin, any_origin = self.becomes(state.variant), State(state.name, kind=Kind.HUMAN)
        task = self.states.get(any_origin, any_origin)
        return task.within(origin) if isinstance(task, State) and origin is not None else stays


def check(new: "Flow", replaces: Replaces) -> list[str]:
    """Everything that is wrong with how a flow replaces another, empty if nothing is."""
    return [
        *another_flow(new, replaces.flow),
        *misnamed(replaces),
        *nowhere(new, replaces),
        *ended(new, replaces.flow),
        *no_longer_heard(new, replaces.flow),
        *counted_otherwise(new, replaces.flow),
    ]


def another_flow(new: "Flow", old: "Flow") -> Iterator[str]:
    if old.name != new.name:
        yield f"it replaces the flow {old.name}: a flow replaces a revision of itself"
    elif old.revision != new.revision - 1:
        yield f"revision {new.revision} replaces revision {old.revision}: revisions are counted one by one"


def misnamed(replaces: Replaces) -> Iterator[str]:
    old = replaces.flow
    tasks = {State(state.name, kind=Kind.HUMAN) for state in old.states if state.kind is Kind.HUMAN}
    for state, named in replaces.states.items():
        if state not in old.states and state not in tasks:
            yield f"`states` names {state.label}, which revision {old.revision} does not have"
        elif state.kind is Kind.END:
            yield f"`states` names {state.label}, an end of revision {old.revision}: whoever has ended is not migrated"
        elif not isinstance(named, State) and named is not stays:
            yield f"`states` says that {state.label} becomes {named}: name a state, or say that it `stays`"


def nowhere(new: "Flow", replaces: Replaces) -> Iterator[str]:
    """Live states go to live ones: what is said on ending is said by rows, and a beginning is nobody's middle."""
    old, remedy = replaces.flow, "name another in `states`, or say that it `stays`"
    for state in old.states:
        target = None if state.kind is Kind.END else replaces.becomes(state.label)
        if target is None:
            continue
        goes = f"{state.label} of revision {old.revision} becomes {target.label}"
        if target not in new.states:
            yield f"{goes}, which revision {new.revision} does not have: {remedy}"
        elif target.kind is Kind.END or (target.kind is Kind.START and state.kind is not Kind.START):
            yield f"{goes}, which is no state to go on from: {remedy}"


def ended(new: "Flow", old: "Flow") -> Iterator[str]:
    for state in old.states:
        if state.kind is Kind.END and state not in new.states:
            yield (
                f"{state.label} is an end of revision {old.revision}, and not of revision {new.revision}: "
                "keep its rows, as those that have ended there still hear what comes late"
            )


def no_longer_heard(new: "Flow", old: "Flow") -> Iterator[str]:
    for message in old.messages:
        if message not in new.messages:
            yield (
                f"revision {old.revision} hears {message.__name__}, and no row of revision {new.revision} names it: "
                "add one, e.g. that it is `ignored`"
            )


def counted_otherwise(new: "Flow", old: "Flow") -> Iterator[str]:
    before = {undo.name: undo.numbered_by for undo in old.undos}
    for undo in new.undos:
        earlier = before.get(undo.name, undo.numbered_by)
        if earlier != undo.numbered_by:
            yield f"undo {undo.name} is numbered by {undo.numbered_by}, in revision {old.revision} by {earlier}"
