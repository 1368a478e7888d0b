"""Many rows in one statement, and one text of it however many they are.

PostgreSQL takes the rows as one JSON parameter: it parses and plans the statement once, and answers once a batch.
SQLite is in this process, where a statement a row costs next to nothing.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from pydantic_core import to_json
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from bus.upsert import insert_ignore

Rows = Sequence[Mapping[str, Any]]


def insert_new(connection: sa.Connection, table: sa.Table, rows: Rows) -> set[Any]:
    """Leave those alone whose key is there already. Returns the keys, of one column, of the others."""
    if not rows:
        return set()
    (key,) = table.primary_key.columns
    if connection.dialect.name == "postgresql":
        statement = _insert_new(table, tuple(rows[0]), key.name)
        return set(connection.exec_driver_sql(statement, (as_json(rows),)).scalars())
    return set(connection.execute(insert_ignore(connection, table).returning(key), rows).scalars())


@lru_cache
def _insert_new(table: sa.Table, columns: tuple[str, ...], key: str) -> str:
    names = ", ".join(columns)
    inserted = f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {recordset(table)}"
    return f"{inserted} ON CONFLICT DO NOTHING RETURNING {key}"


def recordset(table: sa.Table) -> str:
    return f"json_populate_recordset(NULL::{table.name}, CAST(%s AS json))"


def as_json(rows: Rows) -> str:
    return to_json([{name: _plain(value) for name, value in row.items()} for row in rows]).decode()


def _plain(value: Any) -> Any:
    return f"\\x{value.hex()}" if isinstance(value, bytes) else value


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
