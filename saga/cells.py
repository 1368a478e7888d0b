"""From rows to cells: every state's rows written out, in the order in which they are asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bus.message import Message
from saga.row import Deadline, Decision, Join, Row, after_start, any_state, anything_else, stays
from saga.state import Kind, State

Trigger = type[Message] | Deadline | Join


@dataclass(frozen=True)
class Cell:
    """One row, for one state and one message, deadline or join."""

    state: State
    trigger: Trigger
    row: Row

    @property
    def target(self) -> State:
        """Where it leads; the same state if it stays."""
        return self.row.becomes if isinstance(self.row.becomes, State) else self.state


def states_of(rows: Iterable[Row]) -> list[State]:
    """All states, in the order in which the table names them; human tasks once for every state that they come from."""
    found: dict[State, None] = {}
    for row in rows:
        for state in (*named(row.state), *targets(row)):
            if state.kind is not Kind.HUMAN or state.variant:
                found.setdefault(state)
    return list(found)


def targets(row: Row) -> list[State]:
    if not isinstance(row.becomes, State):
        return []
    if row.becomes.kind is Kind.HUMAN and not row.becomes.variant:
        return [remembering(row.becomes, state) for state in named(row.state)]
    return [row.becomes]


def remembering(task: State, origin: State) -> State:
    """The human task that remembers where it came from. One that becomes itself stays what it is."""
    return origin if origin.name == task.name else task.within(origin)


def named(states: State | tuple[State, ...] | str) -> tuple[State, ...]:
    if isinstance(states, str):
        return ()
    return states if isinstance(states, tuple) else (states,)


def messages_of(rows: Iterable[Row]) -> list[type[Message]]:
    """All messages that the table names, in its order."""
    found: dict[type[Message], None] = {}
    for row in rows:
        for message in triggers_of(row, []):
            if isinstance(message, Join):
                found.update(dict.fromkeys(message.waits_for))
            elif not isinstance(message, Deadline):
                found.setdefault(message)
    return list(found)


def triggers_of(row: Row, messages: Sequence[type[Message]]) -> Sequence[Trigger]:
    if isinstance(row.when, str):
        if row.when != anything_else:
            raise ValueError(f"{row}: `when` is neither a message, a deadline, a join nor `anything_else`")
        return messages
    return row.when if isinstance(row.when, tuple) else (row.when,)


def write_out(rows: Sequence[Row]) -> list[Cell]:
    """Every cell of the flow, those of one state and one message in the order in which they are asked."""
    states = states_of(rows)
    own = [cell for state in states for cell in cells_of(state, rows)]
    return own + [cell for state in states for cell in inherited(state, own)]


def cells_of(state: State, rows: Sequence[Row]) -> list[Cell]:
    messages = messages_of(rows)
    wild: list[Cell] = []
    cells: list[Cell] = []
    for row in rows:
        if applies(row, state):
            into = wild if row.when == anything_else else cells
            into.extend(Cell(state, trigger, settled(row, state)) for trigger in triggers_of(row, messages))
    cells += [Cell(state, waited, NOTED) for waited in waited_for(cells)]
    # a human task hears what the state hears that it came from, before "anything else" is asked
    return cells if origin_label(state) else cells + unless_decided(wild, cells)


def applies(row: Row, state: State) -> bool:
    if row.state == any_state:
        return True
    if row.state == after_start:
        return state.kind is not Kind.START
    return any(
        state == s or (s.kind is Kind.HUMAN and not s.variant and s.name == state.name) for s in named(row.state)
    )


def settled(row: Row, state: State) -> Row:
    """The row, with a human task that it leads to remembering `state`."""
    becomes = row.becomes
    if isinstance(becomes, State) and becomes.kind is Kind.HUMAN and not becomes.variant:
        return replace(row, becomes=remembering(becomes, state))
    return row


NOTED = Row(any_state, anything_else, stays)


def waited_for(cells: Iterable[Cell]) -> list[type[Message]]:
    """What a forward join waits for and no row decides: it is noted, and the flow stays."""
    decided = {cell.trigger for cell in cells if cell.row.given is None}
    joins = [cell.trigger for cell in cells if isinstance(cell.trigger, Join)]
    return [message for join in joins for message in join.waits_for if message not in decided]


def unless_decided(wild: Iterable[Cell], cells: Iterable[Cell]) -> list[Cell]:
    decided = {cell.trigger for cell in cells if cell.row.given is None}
    return [cell for cell in wild if cell.trigger not in decided]


def origin_label(state: State) -> str:
    return state.variant if state.kind is Kind.HUMAN else ""


def inherited(task: State, cells: Sequence[Cell]) -> list[Cell]:
    """What a human task does as the state that it came from; a row that leads on ends the task."""
    own = {cell.trigger for cell in cells if cell.state == task and cell.row.given is None}
    return [
        Cell(task, cell.trigger, in_task(cell.row, task, cell.state))
        for cell in cells
        if cell.state.label == origin_label(task)
        and not isinstance(cell.trigger, Deadline)
        and cell.trigger not in own
        and not already_asked(cell, task, cells)
    ]


def already_asked(cell: Cell, task: State, cells: Sequence[Cell]) -> bool:
    """A row for any state stands in the task's own cells too."""
    return any(own.state == task and own.trigger == cell.trigger and own.row == cell.row for own in cells)


def in_task(row: Row, task: State, origin: State) -> Row:
    """Another variant of the origin is another variant of the task."""
    if isinstance(row.becomes, State) and row.becomes.name == origin.name:
        return replace(row, becomes=task.within(row.becomes))
    return row


def leads_on(cell: Cell) -> bool:
    return not isinstance(cell.row.becomes, Decision) and cell.target != cell.state


def asked(cells: Iterable[Cell]) -> list[Cell]:
    """Without those that an earlier cell of their pair always decides."""
    decided: set[tuple[State, Trigger]] = set()
    kept: list[Cell] = []
    for cell in cells:
        pair = (cell.state, cell.trigger)
        if pair not in decided:
            kept.append(cell)
        if cell.row.given is None:
            decided.add(pair)
    return kept
