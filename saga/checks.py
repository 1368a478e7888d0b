"""What a table must satisfy. Each finding is one sentence that names the row or the pair at fault."""

from collections.abc import Iterator, Sequence

from bus.message import Message
from saga.cells import Cell, asked, leads_on
from saga.row import Deadline, Join, Row, late, when_text
from saga.state import Kind, State
from saga.undo import Undo


class FlowError(Exception):
    """The table cannot work. It says every reason."""


def check(
    rows: Sequence[Row],
    cells: Sequence[Cell],
    states: Sequence[State],
    messages: Sequence[type[Message]],
    undos: Sequence[Undo],
    ends_before: Sequence[State] = (),
) -> list[str]:
    """Everything that is wrong, empty if nothing is. `ends_before`: of the revision that is replaced."""
    return [
        *starts(states),
        *undecided(cells, states, messages),
        *shadowed(rows, cells),
        *unreachable(cells, [state for state in states if state not in ends_before]),
        *without_end(cells, states),
        *without_deadline(cells, states),
        *never_armed(cells),
        *late_without_undo(cells, undos),
        *unheard(undos, messages),
    ]


def starts(states: Sequence[State]) -> Iterator[str]:
    number = sum(state.kind is Kind.START for state in states)
    if number != 1:
        yield f"a flow has one start state, this one has {number}"


def undecided(cells: Sequence[Cell], states: Sequence[State], messages: Sequence[type[Message]]) -> Iterator[str]:
    decided = {(cell.state, cell.trigger) for cell in cells if cell.row.given is None}
    for state in states:
        for message in messages:
            if (state, message) not in decided:
                yield (
                    f"[while {state.label}, when {message.__name__}] is undecided: "
                    "add a row without `given` that handles, ignores or defers it, or says why it cannot be"
                )
    for cell in cells:
        if isinstance(cell.trigger, Deadline) and (cell.state, cell.trigger) not in decided:
            yield f"{cell.row} does nothing where `given` does not hold: add a row without `given`"


def shadowed(rows: Sequence[Row], cells: Sequence[Cell]) -> Iterator[str]:
    """Rows that can never be asked, as an earlier one decides all of their pairs."""
    heard = {identity(cell.row) for cell in asked(cells)}
    yield from (f"{row} is never asked: earlier rows decide all of it" for row in rows if identity(row) not in heard)


def identity(row: Row) -> int:
    """A cell's row is this one, though its human task may remember a state."""
    human = isinstance(row.becomes, State) and row.becomes.kind is Kind.HUMAN
    becomes = Kind.HUMAN if human else row.becomes
    return hash((row.state, row.when, becomes, row.given, row.does, tuple(row.sends), tuple(row.undo), row.pivot))


def reachable(cells: Sequence[Cell], state: State) -> set[State]:
    found, ahead = {state}, [state]
    while ahead:
        here = ahead.pop()
        steps = {cell.target for cell in cells if cell.state == here} - found
        found |= steps
        ahead += steps
    return found


def unreachable(cells: Sequence[Cell], states: Sequence[State]) -> Iterator[str]:
    for start in (state for state in states if state.kind is Kind.START):
        for state in states:
            if state not in reachable(cells, start):
                yield f"state {state.label} is unreachable: no row becomes it"


def without_end(cells: Sequence[Cell], states: Sequence[State]) -> Iterator[str]:
    for state in states:
        if not any(goal.kind is Kind.END for goal in reachable(cells, state)):
            yield f"[while {state.label}] no rows lead to an end"


def without_deadline(cells: Sequence[Cell], states: Sequence[State]) -> Iterator[str]:
    timed = {c.state for c in cells if isinstance(c.trigger, Deadline) and leads_on(c) and c.row.given is None}
    for state in states:
        if state.kind is Kind.WAITING and state not in timed:
            yield (
                f"[while {state.label}] waits without a deadline: "
                "add a row `when after(...)` without `given` that leads on"
            )


def never_armed(cells: Sequence[Cell]) -> Iterator[str]:
    """Between variants of one state deadlines go on: one that the variant before does not have is not set."""
    names: dict[State, set[str]] = {}
    for cell in cells:
        if isinstance(cell.trigger, Deadline):
            names.setdefault(cell.state, set()).add(cell.trigger.name)
    for cell in cells:
        if cell.state != cell.target and cell.state.name == cell.target.name:
            for name in sorted(names.get(cell.target, set()) - names.get(cell.state, set())):
                yield f"{cell.row} leads to a variant whose deadline {name} is not set then: let both have it"


def late_without_undo(cells: Sequence[Cell], undos: Sequence[Undo]) -> Iterator[str]:
    truths = {undo.truth for undo in undos}
    for cell in cells:
        if cell.row.becomes is late and cell.trigger not in truths:
            what = cell.trigger.name if isinstance(cell.trigger, Deadline | Join) else when_text(cell.trigger)
            yield f"{cell.row} is late, but no undo has {what} as its truth"


def unheard(undos: Sequence[Undo], messages: Sequence[type[Message]]) -> Iterator[str]:
    """What says whether something is undone must be heard."""
    for undo in undos:
        for message in (undo.truth, *undo.refused_by, *undo.confirmed_by):
            if message not in messages:
                yield f"undo {undo.name} asks for {message.__name__}, but no row names it: add one, e.g. that `stays`"
