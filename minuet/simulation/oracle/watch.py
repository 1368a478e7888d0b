"""The oracle: asks after every commit, at rest and in the end whether what must hold does."""

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from minuet.simulation.oracle import touched
from minuet.simulation.oracle.asking import Questions
from minuet.simulation.oracle.books import Books
from minuet.simulation.oracle.checks import Check
from minuet.simulation.oracle.ends import (
    l1_calls_ended,
    l1_ended,
    l1_in_time,
    l1_parcels_ended,
    q4_closed,
    q4_undone,
    s5_no_ghost_order,
)
from minuet.simulation.oracle.goods import q2_released_xor_shipped
from minuet.simulation.oracle.money import q1_money_for_goods
from minuet.simulation.oracle.violation import Violation, rows_about

AT_REST: Sequence[Check] = (q1_money_for_goods, q2_released_xor_shipped, q4_undone, q4_closed)
ABOUT_ORDERS = ("ledger_entries", "charges", "refunds", "reservations", "shipments")  # their keys are references
ORDERS = ("order", "saga_instances")


class Oracle(Questions):
    """`found` is told the first violation. Everything is asked of rows that were written since it was last asked."""

    def __init__(
        self,
        books: Books,
        consumers: Mapping[str, Sequence[str]],
        now: Callable[[], datetime],
        found: Callable[[Violation], None],
    ) -> None:
        super().__init__(books, consumers, now)
        self.accepted: dict[str, None] = {}  # orders that customers believe to have placed
        self._found = found
        self._now = now
        self._not_at_rest: dict[str, None] = {}

    def committed(self, service: str) -> Sequence[touched.Touched]:
        """Returns what was written."""
        rows = touched.take(self.books.databases[service])
        for check, values in self.asked(service, rows):
            self._ask(check, *values)
        self.answered(service, rows)
        orders = (key for table, _, key in rows if table in ABOUT_ORDERS or (service, table) == ORDERS)
        self._not_at_rest.update(dict.fromkeys(orders))
        return rows

    def at_rest(self) -> None:
        """Nothing is in flight."""
        for check in AT_REST:
            for reference in self._not_at_rest:
                self._ask(check, self.books, reference)
        self._not_at_rest.clear()
        self._ask(self.deliveries.q3_no_zombie)
        self._ask(self.audit.s9_not_forgotten)

    def long_after_faults(self) -> None:
        """Nothing has gone wrong for weeks."""
        self._ask(l1_calls_ended, self.books)
        self._ask(l1_parcels_ended, self.books)
        self._ask(l1_in_time, self.books, self._now())

    def in_the_end(self) -> None:
        """No fault is left, nothing is in flight, nothing is due."""
        self._not_at_rest.update(dict.fromkeys([*self.accepted, *self.books.order_ids()]))
        for reference in self._not_at_rest:
            self._ask(l1_ended, self.books, reference)
            self._ask(s5_no_ghost_order, self.accepted, reference)
        self.at_rest()

    def _ask(self, check: Callable[..., Iterator[str]], *values: object) -> None:
        try:
            found = next(check(*values), None)
        except Exception as error:  # no service writes what cannot be read
            *_, last = traceback.extract_tb(error.__traceback__)
            found = f"{check.__name__} makes nothing of it: {error!r}, in {last.name}, line {last.lineno}"
        if found is not None:
            invariant = check.__name__.partition("_")[0].upper()
            rows = rows_about(self.books, str(values[-1])) if values else []
            self._found(Violation(invariant, check.__doc__ or "", found, rows))
