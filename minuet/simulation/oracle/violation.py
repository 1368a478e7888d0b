"""An invariant that does not hold."""

from dataclasses import dataclass, field

from minuet.simulation.oracle.books import Books

SUBJECT_COLUMNS = ("reference", "instance_id", "subject", "sku", "message_id")


@dataclass(frozen=True)
class Violation:
    invariant: str  # e.g. "S1"
    meaning: str
    found: str
    rows: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join([f"{self.invariant} does not hold: {self.meaning}", f"  {self.found}", *self.rows])


def rows_about(books: Books, key: str) -> list[str]:
    """The rows of every database about an order, a SKU or a message."""
    lines = []
    for service, tables in books.columns.items():
        for table, columns in tables.items():
            for column in columns:
                if column in SUBJECT_COLUMNS:
                    found = books.rows(service, f"SELECT * FROM {table} WHERE {column} = ?", key)
                    lines += [f"  {service}.{table}: {shown(columns, row)}" for row in found]
    return lines


def shown(columns: list[str], row: tuple[object, ...]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in zip(columns, row, strict=True) if name != "headers")
