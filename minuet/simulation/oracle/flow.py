"""Invariants of the order flow. The flow's table is its definition: it is read here as data."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import cache

from minuet.simulation.oracle.books import Books, HistoryLine, OrderRow
from order_service.flow import order_flow
from saga.cells import Cell
from saga.row import Deadline, Decision, Undoing, send_text
from saga.stepping import text

HUMAN = "needs_attention"


def s6_not_stuck(books: Books, order_id: str) -> Iterator[str]:
    """no stuck order: not terminal ⇒ an outbox row, a message in flight, an armed deadline or an open human task."""
    order = books.order(order_id)
    if order is None or order.ended or order.name == HUMAN:
        return
    if not any(generation == order.generation for generation in armed(books, order_id)):
        yield f"{order_id} is {order.state} (generation {order.generation}), and has no deadline there"


def s8_no_stale_deadline(books: Books, order_id: str) -> Iterator[str]:
    """a deadline never fires early unless an operator fires it, has one effect, and is a no-op when stale."""
    order = books.order(order_id)
    for generation in armed(books, order_id):
        if order is None or order.generation != generation:
            yield f"{order_id} is {order and order.state}, and a deadline of an earlier state is still armed"


def armed(books: Books, order_id: str) -> list[int]:
    """The generations of the armed deadlines."""
    bodies = books.rows("order", "SELECT body FROM timers WHERE subject = ?", order_id)
    return [json.loads(body)["generation"] for (body,) in bodies]


def s7_path(books: Books, order_id: str) -> Iterator[str]:
    """an instance's history is a path in its revision's table; replaying the history gives the row."""
    order, lines = books.order(order_id), books.history(order_id)
    if order is None:
        yield f"{order_id} has a history, and no row"
        return
    if [line.step for line in lines] != list(range(1, order.steps + 1)):
        yield f"{order_id} has {order.steps} steps, its history has {[line.step for line in lines]}"
    here = order_flow.start.label
    for line in lines:
        if line.before != here or not any(fits(cell, line) for cell in moves().get((here, line.because), ())):
            yield f"{order_id}: {here} → {line.before} → {line.after}, {line.because} → {line.sent} is not in the table"
        here = line.after
    if here != order.state:
        yield f"{order_id} is {order.state}, by its history {here}"
    yield from said_once(order, lines)


def said_once(order: OrderRow, lines: Sequence[HistoryLine]) -> Iterator[str]:
    """What one message led to stands together: it was handled once."""
    seen: set[str] = set()
    before = ""
    for line in lines:
        if line.message_id != before and line.message_id in seen:
            yield f"{order.order_id}: {line.because} {line.message_id} was handled twice"
        seen.add(line.message_id)
        before = line.message_id


def s8_not_early(books: Books, order_id: str) -> Iterator[str]:
    """a deadline never fires early unless an operator fires it, has one effect, and is a no-op when stale."""
    entered = None
    for line in books.history(order_id):
        for after in deadlines().get((line.before, line.because), ()):
            if entered is not None and line.at < entered + after:
                yield f"{order_id}: {line.because}, but it was in {line.before} since {entered:%m-%d %H:%M} only"
        if entered is None or not same_state(line.before, line.after):
            entered = line.at


def same_state(before: str, after: str) -> bool:
    """Variants of one state are one state: deadlines go on. Human tasks are no variants of each other in time."""
    return before.partition("/")[0] == after.partition("/")[0]


@cache
def moves() -> dict[tuple[str, str], list[Cell]]:
    """What the table lets happen, by state and cause."""
    found: dict[tuple[str, str], list[Cell]] = {}
    for cell in order_flow.cells:
        found.setdefault((cell.state.label, text(cell.trigger)), []).append(cell)
    return found


@cache
def deadlines() -> dict[tuple[str, str], list[timedelta]]:
    found: dict[tuple[str, str], list[timedelta]] = {}
    for cell in order_flow.cells:
        if isinstance(cell.trigger, Deadline):
            found.setdefault((cell.state.label, text(cell.trigger)), []).append(cell.trigger.after)
    return found


def fits(cell: Cell, line: HistoryLine) -> bool:
    """Does the line do what the cell says?"""
    undoing = {undo.command.__name__ for undo in order_flow.undos}
    if cell.row.becomes is Decision.LATE:
        return line.after == line.before and len(line.sent) == 1 and set(line.sent) <= undoing
    if isinstance(cell.row.becomes, Decision) and cell.row.becomes is not Decision.STAYS:
        return False
    if line.after != cell.target.label:
        return False
    fixed = [send_text(send) for send in cell.row.sends if not isinstance(send, Undoing)]
    if len(fixed) == len(cell.row.sends):
        return line.sent == fixed
    undone = line.sent[: len(line.sent) - len(fixed)]
    return line.sent[len(undone) :] == fixed and set(undone) <= undoing
