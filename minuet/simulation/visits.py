"""Which rows of the flows' tables were followed: also those that change nothing, and so leave no line in a history."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from bus.message import Local
from minuet.simulation.oracle.heard import OWNERS
from minuet.simulation.oracle.tables import FLOWS
from saga.cells import Cell
from saga.checks import identity
from saga.flow import Taken
from saga.row import Decision, Refused
from saga.state import Kind

TABLES = dict(FLOWS)  # as they are before any upgrade
Visits = Counter[tuple[str, int]]  # flow, and place of the row in its table


class Visiting:
    """Counts every row that a flow follows: as soon as what came of it is committed; or at once, if that is nothing."""

    def __init__(self) -> None:
        self.visits: Visits = Counter()
        self._pending: dict[str, Visits] = {}  # by service: those of the transaction that it is in

    def begin(self, service: str) -> None:
        self._pending[service] = Counter()

    def committed(self, service: str) -> None:
        self.visits.update(self._pending.pop(service, {}))

    @contextmanager
    def counting(self) -> Iterator[None]:
        before = Taken.__call__

        def taken(self_: Taken, step: Any) -> None:
            place = places().get(id(self_.cell))
            if place is not None and comes_to_nothing(self_.cell):
                self.visits[place] += 1
            elif place is not None:
                self._pending.setdefault(OWNERS[place[0]], Counter())[place] += 1
            before(self_, step)

        Taken.__call__ = taken  # type: ignore[assignment, method-assign]
        try:
            yield
        finally:
            Taken.__call__ = before  # type: ignore[method-assign]


def comes_to_nothing(cell: Cell) -> bool:
    """Whatever is in the transaction with it is rolled back."""
    return isinstance(cell.row.becomes, Refused) or cell.row.becomes in (Decision.DEFERRED, Decision.CONTRADICTION)


@cache
def places() -> dict[int, tuple[str, int]]:
    """Of every cell of every flow, by its id: the row that it was made of."""
    found: dict[int, tuple[str, int]] = {}
    for name, flow in TABLES.items():
        rows = {identity(row): number for number, row in enumerate(flow.rows)}
        found.update({id(cell): (name, rows[identity(cell.row)]) for cell in flow.cells if identity(cell.row) in rows})
    return found


def missing(flow: str, visits: Visits) -> list[str]:
    """The rows that can be followed, and were not."""
    return [str(TABLES[flow].rows[number]) for number in possible(flow) if not visits[flow, number]]


@cache
def possible(flow: str) -> Sequence[int]:
    """The rows that can be followed as long as everybody does what he says: no contradictions."""
    followed = {places()[id(cell)][1] for cell in TABLES[flow].cells if id(cell) in places() and can_be(cell)}
    return sorted(followed)


def can_be(cell: Cell) -> bool:
    """What a service only tells itself is never told of what is not there."""
    local = isinstance(cell.trigger, type) and issubclass(cell.trigger, Local)
    of_nothing = local and cell.state.kind is Kind.START
    return cell.row.becomes is not Decision.CONTRADICTION and not of_nothing
