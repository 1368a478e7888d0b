"""A flow as a person reads it: its table, its matrix, its diagram. Printed from what was built, not from the source."""

from collections.abc import Iterable, Sequence

from saga.cells import Cell, leads_on, named
from saga.flow import Flow
from saga.row import Decision, Join, Refused, Row, send_text, when_text
from saga.state import Kind, State

DROPPED = "every undo dropped; "


def table(flow: Flow) -> str:
    """The rows, as Markdown: while, when, becomes, sends, and in brackets how what is sent is undone."""
    lines = ["| while | when | becomes | sends |", "|---|---|---|---|"]
    shown = ""
    for row in flow.rows:
        state = while_text(row)
        lines.append(
            f"| {state if state != shown else ''} | {condition(row)} | {becomes_text(row)} | {sends_text(row)} |"
        )
        shown = state
    return "\n".join(lines)


def matrix(flow: Flow) -> str:
    """Every pair of state and message, as Markdown: what is decided about it."""
    head = ["while", *(message.__name__ for message in flow.messages)]
    lines = [joined(head), joined(["---"] * len(head))]
    for state in flow.states:
        cells = [decided([c for c in flow.cells if (c.state, c.trigger) == (state, m)]) for m in flow.messages]
        lines.append(joined([state.label, *cells]))
    return "\n".join(lines)


def diagram(flow: Flow) -> str:
    """Every transition between states, for Mermaid."""
    lines = ["stateDiagram-v2", f"    [*] --> {node(flow.start)}"]
    lines += [f'    state "{state.label}" as {node(state)}' for state in flow.states if state.variant]
    lines += dict.fromkeys(
        f"    {node(c.state)} --> {node(c.target)}: {arrow_text(c)}" for c in flow.cells if leads_on(c)
    )
    lines += [f"    {node(state)} --> [*]" for state in flow.states if state.kind is Kind.END]
    return "\n".join(lines)


def while_text(row: Row) -> str:
    return row.state if isinstance(row.state, str) else ", ".join(state.label for state in named(row.state))


def condition(row: Row) -> str:
    rule = f" ({words(row.given.__name__)})" if row.given else ""
    return when_text(row.when) + rule


def becomes_text(row: Row) -> str:
    match row.becomes:
        case State() as state:
            return state.label
        case Decision() as decision:
            return decision.value
        case Refused(why):
            return f"refused: {why}"


def sends_text(row: Row) -> str:
    sent = ", ".join(send_text(send) for send in row.sends)
    undo = ", ".join(undo.name for undo in row.undo)
    pivot = DROPPED if row.pivot else ""
    return f"{pivot}→ {sent}{f' [{undo}]' if undo else ''}" if sent else ""


def decided(cells: Iterable[Cell]) -> str:
    """What becomes of a pair: the rows in the order in which they are asked, up to the first without a rule."""
    parts: list[str] = []
    for cell in cells:
        target = "refused" if isinstance(cell.row.becomes, Refused) else becomes_text(cell.row)
        rule = f"{words(cell.row.given.__name__)}: " if cell.row.given else ""
        parts.append(rule + target)
        if cell.row.given is None:
            break
    return "; ".join(parts)


def arrow_text(cell: Cell) -> str:
    why = cell.trigger.__name__ if isinstance(cell.trigger, type) else when_text(cell.trigger).replace(": ", " ")
    sent = sends_text(cell.row).removeprefix(DROPPED)
    return f"{why} {sent}" if sent and not isinstance(cell.trigger, Join) else why


def node(state: State) -> str:
    return state.label.replace("/", "__")


def words(name: str) -> str:
    return name.replace("_", " ")


def joined(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
