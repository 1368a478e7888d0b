"""The tables of the flows as rows: where a flow may go, from where, because of what."""

from collections.abc import Iterator

from order_service.flow import order_flow
from payment_service.flow import payment_flow
from payment_service.invoice_flow import invoice_flow
from saga.cells import Cell
from saga.row import Decision
from saga.state import State
from saga.stepping import text

STAYING = (Decision.STAYS, Decision.LATE)


def moves() -> Iterator[tuple[str, ...]]:
    """Flow, from state, because, to state."""
    for flow in (order_flow, payment_flow, invoice_flow):
        for cell in flow.cells:
            if moves_on(cell):
                yield flow.name, cell.state.label, text(cell.trigger), cell.target.label


def starts() -> Iterator[tuple[str, ...]]:
    """Flow, its first state."""
    for flow in (order_flow, payment_flow, invoice_flow):
        yield flow.name, flow.start.label


def moves_on(cell: Cell) -> bool:
    return isinstance(cell.row.becomes, State) or cell.row.becomes in STAYING
