"""A flow as one table, checked when it is built."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from pydantic import BaseModel
from transitions import Machine

from bus.message import Message
from saga.cells import Cell, Trigger, asked, leads_on, messages_of, states_of, write_out
from saga.checks import FlowError, check
from saga.replacing import Replaces
from saga.replacing import check as check_replacing
from saga.row import Deadline, Join, Moment, Row, Send, Undoing, message_sent
from saga.state import Kind, State
from saga.undo import Undo


class Flow:
    """The table, and the one state machine that is made of it. Holds no state of any instance.

    `begins` makes the flow's data from the message that starts it. `data` is the pydantic model of that data.
    `replaces` is the revision before this one: instances that began with it go on with it until they are migrated.
    Raises FlowError, naming every row or pair at fault: an undecided pair, a state that cannot be reached or has no
    way to an end, a waiting state without a deadline, a row that is never asked, a state of the revision before that
    leads nowhere.
    """

    def __init__(
        self,
        name: str,
        *,
        revision: int,
        data: type[BaseModel],
        begins: Mapping[type[Message], Callable[[Any, Moment], Any]],
        rows: Sequence[Row],
        undos: Sequence[Undo] = (),
        replaces: Replaces | None = None,
    ) -> None:
        self.name = name
        self.revision = revision
        self.data = data
        self.begins = begins
        self.rows = tuple(rows)
        self.undos = tuple(undos)
        self.states = states_of(rows)
        self.messages = messages_of(rows)
        self.replaces = replaces
        before = replaces.flow.revisions if replaces else {}
        self.revisions: Mapping[int, Flow] = {revision: self, **before}  # all that are known, the newest first
        cells = write_out(rows)
        faults = check(self.rows, cells, self.states, self.messages, self.undos, self._ends_before())
        if replaces is not None:
            faults += check_replacing(self, replaces)
        if faults:
            raise FlowError(f"flow {name}:\n" + "\n".join(f"  - {fault}" for fault in faults))
        self.cells = asked(cells)
        self.start = next(state for state in self.states if state.kind is Kind.START)
        self.ends = [state.label for state in self.states if state.kind is Kind.END]
        self.oldest: Flow = replaces.flow.oldest if replaces else self
        self._heard = frozenset(self.messages)
        self._by_label = {state.label: state for state in self.states}
        self._deadlines = {state.label: self._deadlines_of(state) for state in self.states}
        self._waking = {(cell.state.label, cell.trigger) for cell in self.cells if leads_on(cell)}
        self._joins = {state.label: self._triggers_of(state, Join) for state in self.states}

    def state(self, label: str) -> State:
        return self._by_label[label]

    def hears(self, message: type[Message]) -> bool:
        return message in self._heard

    def of(self, revision: int, state: str) -> "Flow | None":
        """The table by which an instance goes on: that of its revision, or None if that is not known.

        Who has ended in a revision that is known no more is answered by the oldest that is: all have that end.
        """
        known = self.revisions.get(revision)
        if known is None and revision < self.oldest.revision and state in self.oldest.ends:
            return self.oldest
        return known

    def _ends_before(self) -> list[State]:
        """No row may lead there any more, but some are there."""
        return [s for s in self.replaces.flow.states if s.kind is Kind.END] if self.replaces else []

    def deadlines(self, label: str) -> Sequence[Deadline]:
        return self._deadlines[label]

    def wakes(self, label: str, deadline: Deadline) -> bool:
        """Would an instance in this state wait for ever without such a deadline?"""
        return self.state(label).kind is Kind.WAITING and (label, deadline) in self._waking

    def joins(self, label: str) -> Sequence[Join]:
        return self._joins[label]

    def undo_for(self, truth: type[Message]) -> Undo:
        return next(undo for undo in self.undos if undo.truth is truth)

    def undo_named(self, name: str) -> Undo:
        return next(undo for undo in self.undos if undo.name == name)

    def sends(self) -> set[type[Message]]:
        """Every message that this revision can send."""
        sending: list[Send] = [send for row in self.rows for send in row.sends]
        return {message_sent(s) for s in sending if not isinstance(s, Undoing)} | {u.command for u in self.undos}

    @cached_property
    def machine(self) -> Machine:
        """One synchronous machine for all instances; a trigger's model is the step that is being made."""
        machine = Machine(
            model=None,
            states=[state.label for state in self.states],
            initial=self.start.label,
            auto_transitions=False,
        )
        for cell in self.cells:
            machine.add_transition(
                trigger_name(cell.trigger),
                cell.state.label,
                cell.target.label if cell.target != cell.state else None,
                conditions=Asked(cell),
                before=Taken(cell),
            )
        return machine

    def _deadlines_of(self, state: State) -> Sequence[Deadline]:
        return self._triggers_of(state, Deadline)

    def _triggers_of(self, state: State, kind: type[Any]) -> Sequence[Any]:
        return tuple(dict.fromkeys(c.trigger for c in self.cells if c.state == state and isinstance(c.trigger, kind)))


class Asked:
    """Does the cell's rule hold?"""

    __name__ = "given"

    def __init__(self, cell: Cell) -> None:
        self.rule = cell.row.given

    def __call__(self, step: Any) -> bool:
        return self.rule is None or self.rule(step.instance.data, step.message)


class Taken:
    """Tell the step which cell it takes."""

    __name__ = "taken"

    def __init__(self, cell: Cell) -> None:
        self.cell = cell

    def __call__(self, step: Any) -> None:
        step.cell = self.cell


def trigger_name(trigger: Trigger) -> str:
    if isinstance(trigger, Deadline):
        return f"deadline {trigger.name}"
    return f"join {trigger.name}" if isinstance(trigger, Join) else trigger.wire_name
