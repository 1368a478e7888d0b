"""The tables of all flows, which are their definitions: what may happen, read as data."""

from collections.abc import Mapping, Sequence
from functools import cache

from minuet.simulation.oracle.books import HistoryLine
from order_service.flow import order_flow
from payment_service.flow import payment_flow
from payment_service.invoice_flow import invoice_flow
from saga.cells import Cell
from saga.flow import Flow
from saga.row import Decision, Undoing, send_text
from saga.state import Kind
from saga.stepping import text

FLOWS: Mapping[str, Flow] = {flow.name: flow for flow in (order_flow, payment_flow, invoice_flow)}

Move = tuple[str, str]  # state, cause


@cache
def moves(flow: str) -> Mapping[Move, Sequence[Cell]]:
    """What the table lets happen."""
    found: dict[Move, list[Cell]] = {}
    for cell in FLOWS[flow].cells:
        found.setdefault((cell.state.label, text(cell.trigger)), []).append(cell)
    return found


def kind_of(flow: str, state: str) -> Kind:
    return FLOWS[flow].state(state).kind


def is_move(flow: str, line: HistoryLine) -> bool:
    """Does the table let this happen?"""
    cells = moves(flow).get((line.before, line.because), ())
    return any(fits(FLOWS[flow], cell, line) for cell in cells)


def fits(flow: Flow, cell: Cell, line: HistoryLine) -> bool:
    """Does the line do what the cell says?"""
    undoing = {undo.command.__name__ for undo in flow.undos}
    if cell.row.becomes is Decision.LATE:
        return line.after == line.before and len(line.sent) == 1 and set(line.sent) <= undoing
    if isinstance(cell.row.becomes, Decision) and cell.row.becomes is not Decision.STAYS:
        return False
    if line.after != cell.target.label:
        return False
    fixed = [send_text(send) for send in cell.row.sends if not isinstance(send, Undoing)]
    if len(fixed) == len(cell.row.sends):
        return line.sent == fixed
    undone = line.sent[: len(line.sent) - len(fixed)]  # undos go first in every row that has them
    return line.sent[len(undone) :] == fixed and set(undone) <= undoing
