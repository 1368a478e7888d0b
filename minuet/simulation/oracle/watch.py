"""The oracle: asks after every commit, at rest and in the end whether what must hold does."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from minuet.simulation.oracle import touched
from minuet.simulation.oracle.books import Books
from minuet.simulation.oracle.delivery import Deliveries
from minuet.simulation.oracle.ends import l1_ended, q4_undone
from minuet.simulation.oracle.flow import s6_not_stuck, s7_path, s8_no_stale_deadline, s8_not_early
from minuet.simulation.oracle.goods import q2_released_xor_shipped, s2_reservation, s2_stock, s3_shipped
from minuet.simulation.oracle.money import q1_money_for_goods, s1_money, s4_one_charge, s5_no_ghost_charge
from minuet.simulation.oracle.violation import Violation, rows_about

Check = Callable[[Books, str], Iterator[str]]

AFTER_COMMIT: Mapping[str, Sequence[Check]] = {  # by the table that was written; asked of the key that was written
    "payments": (s1_money,),
    "invoices": (s1_money,),
    "ledger_entries": (s1_money,),
    "charges": (s4_one_charge, s5_no_ghost_charge),
    "refunds": (s4_one_charge,),
    "stock": (s2_stock,),
    "receipts": (s2_stock,),
    "reservations": (s2_reservation,),
    "shipments": (s3_shipped,),
    "saga_instances": (s6_not_stuck, s8_no_stale_deadline),
    "saga_history": (s7_path, s8_not_early),
    "timers": (s6_not_stuck, s8_no_stale_deadline),
}
AT_REST: Sequence[Check] = (q1_money_for_goods, q2_released_xor_shipped, q4_undone)
ABOUT_ORDERS = frozenset(
    table for table in AFTER_COMMIT if table not in ("stock", "receipts")
)  # tables whose keys are orders' references


class Oracle:
    """`found` is told the first violation. Everything is asked of rows that were written since it was last asked."""

    def __init__(
        self, books: Books, consumers: Mapping[str, Sequence[str]], found: Callable[[Violation], None]
    ) -> None:
        self.books = books
        self.deliveries = Deliveries(books, consumers)
        self.accepted: dict[str, None] = {}  # orders that customers believe to have placed
        self._found = found
        self._not_at_rest: dict[str, None] = {}

    def committed(self, service: str) -> Sequence[touched.Touched]:
        """Returns what was written."""
        rows = touched.take(self.books.databases[service])
        for table, event, key in rows:
            self._follow(service, table, event, key)
        asked = dict.fromkeys((check, key) for table, _, key in rows for check in AFTER_COMMIT.get(table, ()))
        for check, key in asked:
            self._ask(check.__name__, check.__doc__, check(self.books, key), key)
        self._not_at_rest.update(dict.fromkeys(key for table, _, key in rows if table in ABOUT_ORDERS))
        return rows

    def at_rest(self) -> None:
        """Nothing is in flight."""
        for check in AT_REST:
            for reference in self._not_at_rest:
                self._ask(check.__name__, check.__doc__, check(self.books, reference), reference)
        self._not_at_rest.clear()
        zombies = self.deliveries.q3_no_zombie
        self._ask("q3", zombies.__doc__, zombies())

    def in_the_end(self) -> None:
        """No fault is left, nothing is in flight, nothing is due."""
        self._not_at_rest.update(dict.fromkeys([*self.accepted, *(order.order_id for order in self.books.orders())]))
        for reference in self._not_at_rest:
            self._ask("l1", l1_ended.__doc__, l1_ended(self.books, reference), reference)
        self.at_rest()

    def _follow(self, service: str, table: str, event: str, key: str) -> None:
        if table == "dead_letters":
            cause = self.deliveries.q3_cause
            self._ask("q3", cause.__doc__, cause(service, key), key)
        if event != "INSERT":
            return
        if table == "outbox":
            self.deliveries.note_outbox(service, key)
        elif table == "inbox":
            ghost, again = self.deliveries.s5_no_ghost, self.deliveries.s4_handled_once
            self._ask("s5", ghost.__doc__, ghost(service, key), key)
            self._ask("s4", again.__doc__, again(service, key), key)

    def _ask(self, name: str, meaning: str | None, findings: Iterator[str], key: str = "") -> None:
        found = next(findings, None)
        if found is not None:
            rows = rows_about(self.books, key) if key else []
            self._found(Violation(name.partition("_")[0].upper(), meaning or "", found, rows))
