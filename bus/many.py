"""Many rows in one statement, and one text of it however many they are.

PostgreSQL takes the rows as one JSON parameter: it parses and plans the statement once, and answers once a batch.
SQLite is in this process, where a statement a row costs next to nothing.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from bus.upsert import insert_ignore

Rows = Sequence[Mapping[str, Any]]


def insert(connection: sa.Connection, table: sa.Table, rows: Rows) -> None:
    """Rows of the same columns."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_insert(table, tuple(rows[0])), (_as_json(rows),))
    else:
        connection.execute(sa.insert(table), rows)


def insert_new(connection: sa.Connection, table: sa.Table, rows: Rows) -> set[Any]:
    """Leave those alone whose key is there already. Returns the keys, of one column, of the others."""
    if not rows:
        return set()
    (key,) = table.primary_key.columns
    if connection.dialect.name == "postgresql":
        statement = f"{_insert(table, tuple(rows[0]))} ON CONFLICT DO NOTHING RETURNING {key.name}"
        return set(connection.exec_driver_sql(statement, (_as_json(rows),)).scalars())
    return set(connection.execute(insert_ignore(connection, table).returning(key), rows).scalars())


def update(connection: sa.Connection, table: sa.Table, rows: Rows) -> int:
    """Each row finds its own by the table's key, and by `version` if it has one, which counts its updates.

    Returns how many were found.
    """
    if not rows:
        return 0
    columns = tuple(rows[0])
    if connection.dialect.name == "postgresql":
        return connection.exec_driver_sql(_update(table, columns), (_as_json(rows),)).rowcount
    bound = [{f"new_{name}": value for name, value in row.items()} for row in rows]
    return connection.execute(_update_each(table, columns), bound).rowcount


def add(connection: sa.Connection, table: sa.Table, rows: Rows) -> int:
    """Add these numbers to each row's, which it finds by the table's key, unless one of them would fall below zero.

    Returns how many were changed.
    """
    if not rows:
        return 0
    columns = tuple(rows[0])
    if connection.dialect.name == "postgresql":
        return connection.exec_driver_sql(_add(table, columns), (_as_json(rows),)).rowcount
    bound = [{f"new_{name}": value for name, value in row.items()} for row in rows]
    return connection.execute(_add_each(table, columns), bound).rowcount


@lru_cache
def _insert(table: sa.Table, columns: tuple[str, ...]) -> str:
    names = ", ".join(columns)
    return f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {_recordset(table)}"


@lru_cache
def _update(table: sa.Table, columns: tuple[str, ...]) -> str:
    keys = [name for name in columns if name in _matched(table)]
    changes = [f"{name} = new.{name}" for name in columns if name not in keys]
    if "version" in columns:
        changes.append(f"version = {table.name}.version + 1")
    matches = " AND ".join(f"{table.name}.{name} = new.{name}" for name in keys)
    return f"UPDATE {table.name} SET {', '.join(changes)} FROM {_recordset(table)} AS new WHERE {matches}"


@lru_cache
def _update_each(table: sa.Table, columns: tuple[str, ...]) -> sa.Update:
    keys = [name for name in columns if name in _matched(table)]
    changes: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in columns if name not in keys}
    if "version" in columns:
        changes["version"] = table.c.version + 1
    return sa.update(table).where(*(table.c[name] == sa.bindparam(f"new_{name}") for name in keys)).values(changes)


@lru_cache
def _add(table: sa.Table, columns: tuple[str, ...]) -> str:
    keys = [name for name in columns if name in _matched(table)]
    sums = {name: f"{table.name}.{name} + new.{name}" for name in columns if name not in keys}
    changes = ", ".join(f"{name} = {total}" for name, total in sums.items())
    matches = [f"{table.name}.{name} = new.{name}" for name in keys] + [f"{total} >= 0" for total in sums.values()]
    return f"UPDATE {table.name} SET {changes} FROM {_recordset(table)} AS new WHERE {' AND '.join(matches)}"


@lru_cache
def _add_each(table: sa.Table, columns: tuple[str, ...]) -> sa.Update:
    keys = [name for name in columns if name in _matched(table)]
    sums = {name: table.c[name] + sa.bindparam(f"new_{name}") for name in columns if name not in keys}
    matches = [table.c[name] == sa.bindparam(f"new_{name}") for name in keys]
    return sa.update(table).where(*matches, *(total >= 0 for total in sums.values())).values(sums)


def _matched(table: sa.Table) -> set[str]:
    return {column.name for column in table.primary_key.columns} | {"version"}


def _recordset(table: sa.Table) -> str:
    return f"json_populate_recordset(NULL::{table.name}, CAST(%s AS json))"


def _as_json(rows: Rows) -> str:
    return json.dumps(rows, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be stored")


class Texts(sa.TypeDecorator[Sequence[str]]):
    """Any number of texts as one parameter, for `among`."""

    impl = sa.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        return dialect.type_descriptor(ARRAY(sa.Text) if dialect.name == "postgresql" else sa.JSON())


class among(FunctionElement[bool]):
    """The column's value is one of the texts that the statement is given under `name`."""

    type = sa.Boolean()
    inherit_cache = True

    def __init__(self, column: sa.ColumnElement[str], name: str) -> None:
        super().__init__(column, sa.bindparam(name, type_=Texts()))


@compiles(among, "postgresql")
def _among_on_postgresql(element: among, compiler: Any, **options: Any) -> str:
    column, texts = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY ({texts})"


@compiles(among, "sqlite")
def _among_on_sqlite(element: among, compiler: Any, **options: Any) -> str:
    column, texts = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({texts}))"
