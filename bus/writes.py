"""What a unit of work is going to write, gathered, and then written at once.

To PostgreSQL goes one statement, however much there is, with a part (`WITH`) for each kind of change: its text depends
on what changes, not on how often, so it is parsed and planned once, and there is one answer to wait for. All parts see
the database as it was before the statement: no row may be changed by two of them. SQLite is in this process, where a
statement a row costs next to nothing.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from bus.changes import Add, Change, Delete, Insert, InsertNew, Put, Take, Update
from bus.errors import Conflict
from bus.many import Rows, as_json


class Writes:
    """Rows of one call have the same columns."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._gathered: dict[Change, list[Mapping[str, Any]]] = {}

    def insert(self, table: sa.Table, rows: Rows) -> None:
        self._gather(Insert, table, rows)

    def insert_new(self, table: sa.Table, rows: Rows) -> None:
        """Insert what nobody has inserted before: else `flush` raises Conflict."""
        self._gather(InsertNew, table, rows)

    def put(self, table: sa.Table, rows: Rows) -> None:
        """Insert, or replace what has the same key."""
        self._gather(Put, table, rows)

    def update(self, table: sa.Table, rows: Rows) -> None:
        """By key, and by `version` if the table has one: the version that was read."""
        self._gather(Update, table, rows)

    def add(self, table: sa.Table, rows: Rows) -> None:
        """Add these numbers to each row's, none of which may fall below zero."""
        self._gather(Add, table, rows)

    def take(self, table: sa.Table, rows: Rows) -> None:
        """Delete what still has all of these values: else `flush` raises Conflict."""
        self._gather(Take, table, rows)

    def delete(self, table: sa.Table, rows: Rows) -> None:
        """By key, of one column. What is gone, or locked by somebody else, is left alone."""
        self._gather(Delete, table, rows)

    def flush(self) -> None:
        """Write what was gathered. Raises Conflict if a row that was to be changed is not as it was read, or was there
        already.
        """
        gathered, self._gathered = self._gathered, {}
        if not gathered:
            return
        write = self._write_at_once if self._connection.dialect.name == "postgresql" else self._write_each
        for change, found in write(gathered):
            if change.conflict and found != len(gathered[change]):
                keys = ", ".join("/".join(str(row[name]) for name in change.keys) for row in gathered[change])
                raise Conflict(f"of {change.table.name}, one of {keys} {change.conflict}")

    def _gather(self, kind: type[Change], table: sa.Table, rows: Rows) -> None:
        if rows:
            self._gathered.setdefault(kind(table, tuple(rows[0])), []).extend(rows)

    def _write_at_once(self, gathered: Mapping[Change, Rows]) -> Iterable[tuple[Change, int]]:
        changes = tuple(sorted(gathered, key=place))  # few texts
        given = tuple(as_json(gathered[change]) for change in changes)
        return zip(changes, self._connection.exec_driver_sql(_at_once(changes), given).one(), strict=True)

    def _write_each(self, gathered: Mapping[Change, Rows]) -> Iterable[tuple[Change, int]]:
        for change, rows in gathered.items():
            bound = [{f"new_{name}": value for name, value in row.items()} for row in rows]
            yield change, self._connection.execute(_each(change), bound).rowcount


def place(change: Change) -> tuple[bool, str, str]:
    """What is claimed comes first."""
    return not isinstance(change, InsertNew | Take), change.table.name, type(change).__name__


@lru_cache(maxsize=1000)
def _at_once(changes: tuple[Change, ...]) -> str:
    """It answers with how many rows each change found."""
    parts = ", ".join(f"change_{n} AS ({change.at_once()} RETURNING 1)" for n, change in enumerate(changes))
    numbers = ", ".join(f"(SELECT count(*) FROM change_{n})" for n in range(len(changes)))
    return f"WITH {parts} SELECT {numbers}"


@lru_cache(maxsize=1000)
def _each(change: Change) -> Any:
    return change.each()
