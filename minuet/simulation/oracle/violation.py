"""An invariant that does not hold."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from minuet.simulation.oracle.books import Books

KEYS = ("reference", "instance_id", "subject", "sku", "customer_id", "message_id", "timer_id", "effect_id", "action_id")
UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Violation:
    invariant: str  # e.g. "S1"
    meaning: str
    found: str
    rows: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join([f"{self.invariant} does not hold: {self.meaning}", f"  {self.found}", *self.rows])


def rows_about(books: Books, key: str) -> list[str]:
    """The rows of every database about an order, a SKU, a message, or whatever else has this key."""
    keys = {key, key.rpartition("/")[0] or key}  # an attempt's, and its order's
    return [line for each in sorted(keys) for line in rows_with(books, each)]


def rows_named(books: Books, found: str) -> list[str]:
    """The rows about everything that it names."""
    return [line for key in dict.fromkeys(UUID.findall(found)) for line in rows_with(books, key)]


def rows_with(books: Books, key: str) -> Iterable[str]:
    for service, tables in books.columns.items():
        for table, columns in tables.items():
            for column in columns:
                if column in KEYS:
                    for row in books.rows(service, f"SELECT * FROM {table} WHERE {column} = ?", key):
                        yield f"  {service}.{table}: {shown(columns, row)}"


def shown(columns: list[str], row: tuple[object, ...]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in zip(columns, row, strict=True) if name != "headers")
