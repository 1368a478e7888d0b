"""The tables of all flows, which are their definitions: what may happen, read as data."""

import re
from collections.abc import Mapping, MutableMapping, Sequence
from datetime import timedelta
from functools import cache

from minuet.simulation.oracle.instances import HistoryLine
from order_service.flow import order_flow
from payment_service.flow import payment_flow
from payment_service.invoice_flow import invoice_flow
from saga.cells import Cell
from saga.flow import Flow
from saga.row import Deadline, Decision, Undoing, send_text
from saga.state import Kind
from saga.stepping import text

FLOWS: MutableMapping[str, Flow] = {flow.name: flow for flow in (order_flow, payment_flow, invoice_flow)}

Move = tuple[str, str]  # state, cause
MIGRATED = re.compile(r"migrated from revision (\d+) to (\d+)")


def states_of(kind: Kind) -> list[str]:
    """Of all flows, in any revision."""
    tables = [table for flow in FLOWS.values() for table in flow.revisions.values()]
    return sorted({state.label for table in tables for state in table.states if state.kind is kind})


def moves(flow: str) -> Mapping[Move, Sequence[Cell]]:
    """What the newest revision lets happen."""
    return moves_of(FLOWS[flow])


@cache
def moves_of(table: Flow) -> Mapping[Move, Sequence[Cell]]:
    found: dict[Move, list[Cell]] = {}
    for cell in table.cells:
        found.setdefault((cell.state.label, text(cell.trigger)), []).append(cell)
    return found


@cache
def deadlines_of(table: Flow, state: str) -> Mapping[str, timedelta | None]:
    """By name; None: it depends on the instance's data."""
    triggers = [cell.trigger for cell in table.cells if cell.state.label == state]
    deadlines = [trigger for trigger in triggers if isinstance(trigger, Deadline)]
    return {d.name: d.after if isinstance(d.after, timedelta) else None for d in deadlines}


def kind_of(flow: str, state: str) -> Kind:
    """In whatever revision there is such a state."""
    return next(s.kind for table in FLOWS[flow].revisions.values() for s in table.states if s.label == state)


def names_of(flow: str, state: str) -> list[str]:
    """What a state of the first revision is called in it and in the later ones."""
    names = [state]
    for table in sorted(FLOWS[flow].revisions.values(), key=lambda table: table.revision):
        named = table.replaces.becomes(names[-1]) if table.replaces else None
        names += [named.label] if named else []
    return names


def migration(flow: str, line: HistoryLine) -> tuple[int, int] | None:
    """From which revision to which this line leads; None if it is none that the flow has declared."""
    said = MIGRATED.fullmatch(line.because)
    if said is None:
        return None
    before, after = int(said[1]), int(said[2])
    replaces = FLOWS[flow].revisions[after].replaces
    target = None if replaces is None or replaces.flow.revision != before else replaces.becomes(line.before)
    return (before, after) if target is not None and target.label == line.after and not line.sent else None


def is_move(table: Flow, line: HistoryLine) -> bool:
    """Does the table let this happen?"""
    return lets_happen(table, (line.before, line.because), line.after, tuple(line.sent))


@cache
def lets_happen(table: Flow, move: Move, after: str, sent: Sequence[str]) -> bool:
    return any(fits(table, cell, after, sent) for cell in moves_of(table).get(move, ()))


def fits(flow: Flow, cell: Cell, after: str, sent: Sequence[str]) -> bool:
    """Is this what the cell says?"""
    undoing = {undo.command.__name__ for undo in flow.undos}
    if cell.row.becomes is Decision.LATE:
        return after == cell.state.label and len(sent) == 1 and set(sent) <= undoing
    if isinstance(cell.row.becomes, Decision) and cell.row.becomes is not Decision.STAYS:
        return False
    if after != cell.target.label:
        return False
    fixed = [send_text(send) for send in cell.row.sends if not isinstance(send, Undoing)]
    if len(fixed) == len(cell.row.sends):
        return list(sent) == fixed
    undone = sent[: len(sent) - len(fixed)]  # undos go first in every row that has them
    return list(sent[len(undone) :]) == fixed and set(undone) <= undoing
