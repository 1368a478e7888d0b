"""Bugs in the tables of flows: a row says otherwise, and whoever reads the table finds it so."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

from minuet.simulation.planted.bug import bug
from order_service.flow import (
    awaiting_payment,
    awaiting_shipment,
    compensating,
    needs_attention,
    order_flow,
    withdrawing_for_customer,
)
from order_service.neighbours import GoodsShipped, PaymentFailed, PaymentReceived
from order_service.rules import pays_by_invoice
from order_service.sends import issue_invoice, order_completed
from saga.row import Decision, Join
from saga.state import State


@bug
def money_not_heard_of() -> AbstractContextManager[None]:
    """An order that waits for its payment takes no notice of it."""
    return changed(awaiting_payment, PaymentReceived, becomes=Decision.IGNORED)


@bug
def failure_not_heard_of() -> AbstractContextManager[None]:
    """An order whose payment has failed waits for it."""
    return changed(awaiting_payment, PaymentFailed, becomes=Decision.IGNORED)


@bug
def money_of_who_has_cancelled_kept_for_now() -> AbstractContextManager[None]:
    """Who was charged though he had cancelled gets his money back when somebody asks why nothing happens."""
    return changed(withdrawing_for_customer, PaymentReceived, sends=())


@bug
def undone_order_left_to_a_person() -> AbstractContextManager[None]:
    """An order that needs attention is not cancelled by itself when everything is undone."""
    return changed(needs_attention.within(compensating), Join, becomes=Decision.STAYS, sends=())


@bug
def completed_before_it_is_paid() -> AbstractContextManager[None]:
    """An order by invoice is said to be completed when it is shipped."""
    return changed(awaiting_shipment, GoodsShipped, pays_by_invoice, sends=[issue_invoice, order_completed])


@contextmanager
def changed(state: State, trigger: Any, given: Any = None, **changes: Any) -> Iterator[None]:
    """The order's row for a state and a message, or for whatever joins there."""
    [cell] = (
        cell
        for cell in order_flow.cells
        if cell.state == state and cell.row.given is given and trigger in (cell.trigger, type(cell.trigger))
    )
    row = cell.row
    object.__setattr__(cell, "row", replace(row, **changes))  # it is frozen
    try:
        yield
    finally:
        object.__setattr__(cell, "row", row)


BUGS = (
    money_not_heard_of,
    failure_not_heard_of,
    money_of_who_has_cancelled_kept_for_now,
    undone_order_left_to_a_person,
    completed_before_it_is_paid,
)
