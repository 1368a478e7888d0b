"""Bugs in the tables of flows: a row says otherwise, and whoever reads the table finds it so."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from bus.message import Message
from minuet.simulation.planted.bug import bug
from order_service.flow import awaiting_payment, order_flow
from order_service.neighbours import PaymentFailed, PaymentReceived
from saga.row import Decision
from saga.state import State


@bug
def money_not_heard_of() -> AbstractContextManager[None]:
    """An order that waits for its payment takes no notice of it."""
    return ignored(awaiting_payment, PaymentReceived)


@bug
def failure_not_heard_of() -> AbstractContextManager[None]:
    """An order whose payment has failed waits for it."""
    return ignored(awaiting_payment, PaymentFailed)


@contextmanager
def ignored(state: State, message: type[Message]) -> Iterator[None]:
    cells = [cell for cell in order_flow.cells if (cell.state, cell.trigger) == (state, message) and not cell.row.given]
    rows = [cell.row for cell in cells]
    try:
        for cell, row in zip(cells, rows, strict=True):
            object.__setattr__(cell, "row", replace(row, becomes=Decision.IGNORED))  # it is frozen
        yield
    finally:
        for cell, row in zip(cells, rows, strict=True):
            object.__setattr__(cell, "row", row)


BUGS = (money_not_heard_of, failure_not_heard_of)
