"""An invariant is a query that finds nothing."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Invariant:
    name: str  # as in "S1"
    meaning: str
    query: str  # every row that it finds is a violation


def violations(books: sqlite3.Connection, invariants: Iterable[Invariant]) -> list[str]:
    return [found for invariant in invariants for found in violations_of(books, invariant)]


def violations_of(books: sqlite3.Connection, invariant: Invariant) -> list[str]:
    rows = books.execute(invariant.query)
    columns = [column[0] for column in rows.description]
    shown = (", ".join(f"{name} {value!r}" for name, value in zip(columns, row, strict=True)) for row in rows)
    return [f"{invariant.name} ({invariant.meaning}): {words}" for words in shown]
