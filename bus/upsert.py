"""`INSERT ... ON CONFLICT`, which SQLAlchemy offers per database."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert_ignore(connection: sa.Connection, table: sa.Table) -> Any:
    """An insert that leaves a row alone if its key is there already."""
    return _insert(connection, table).on_conflict_do_nothing()


def insert_or_update(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> Any:
    """An insert that updates the row if its key is there already."""
    changes = {name: value for name, value in row.items() if name not in table.primary_key.columns}
    return insert_or_change(connection, table, **changes).values(row)


def insert_or_change(connection: sa.Connection, table: sa.Table, **changes: Any) -> Any:
    """An insert that makes these changes to the row instead if its key is there already."""
    keys = [column.name for column in table.primary_key.columns]
    return _insert(connection, table).on_conflict_do_update(index_elements=keys, set_=changes)


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)
