"""The ways in which rows of one table are changed, many at once. A row finds its own by the table's key.

PostgreSQL gets a text that takes all rows as one parameter; SQLite a statement that is executed once a row, with the
row's values as `new_<column>`.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import sqlalchemy as sa

from bus.many import recordset


@dataclass(frozen=True)
class Change:
    table: sa.Table
    columns: tuple[str, ...]  # of every row

    conflict: ClassVar[str] = ""  # why a row was not found, if each must be

    @property
    def keys(self) -> list[str]:
        """`version` counts a row's updates: a row is found only in the version that was read."""
        return [name for name in self.columns if name in self.table.primary_key.columns or name == "version"]

    @property
    def values(self) -> list[str]:
        return [name for name in self.columns if name not in self.keys]

    def at_once(self) -> str:
        """For PostgreSQL."""
        raise NotImplementedError

    def each(self) -> Any:
        """For SQLite."""
        raise NotImplementedError


class Insert(Change):
    def at_once(self) -> str:
        names = ", ".join(self.columns)
        return f"INSERT INTO {self.table.name} ({names}) SELECT {names} FROM {recordset(self.table)}"

    def each(self) -> Any:
        return sa.insert(self.table).values({name: new(name) for name in self.columns})


class InsertNew(Insert):
    """Insert what nobody has inserted before; who is doing so is waited for."""

    conflict = "was there already"

    def at_once(self) -> str:
        return f"{super().at_once()} ON CONFLICT DO NOTHING"

    def each(self) -> Any:
        return super().each().prefix_with("OR IGNORE")


class Put(Insert):
    """Insert, or replace what has the same key."""

    def at_once(self) -> str:
        changes = ", ".join(f"{name} = excluded.{name}" for name in self.values)
        return f"{super().at_once()} ON CONFLICT ({', '.join(self.keys)}) DO UPDATE SET {changes}"

    def each(self) -> Any:
        return super().each().prefix_with("OR REPLACE")


class Update(Change):
    conflict = "changed since it was read"

    def at_once(self) -> str:
        table = self.table.name
        changes = [f"{name} = new.{name}" for name in self.values]
        if "version" in self.columns:
            changes.append(f"version = {table}.version + 1")
        matches = " AND ".join(f"{table}.{name} = new.{name}" for name in self.keys)
        return f"UPDATE {table} SET {', '.join(changes)} FROM {recordset(self.table)} AS new WHERE {matches}"

    def each(self) -> Any:
        changes: dict[str, Any] = {name: new(name) for name in self.values}
        if "version" in self.columns:
            changes["version"] = self.table.c.version + 1
        return sa.update(self.table).where(*(self.table.c[name] == new(name) for name in self.keys)).values(changes)


class Add(Change):
    """Add these numbers to each row's, unless one of them would fall below zero."""

    conflict = "has not as much"

    def at_once(self) -> str:
        table = self.table.name
        sums = {name: f"{table}.{name} + new.{name}" for name in self.values}
        changes = ", ".join(f"{name} = {total}" for name, total in sums.items())
        matches = [f"{table}.{name} = new.{name}" for name in self.keys] + [f"{total} >= 0" for total in sums.values()]
        return f"UPDATE {table} SET {changes} FROM {recordset(self.table)} AS new WHERE {' AND '.join(matches)}"

    def each(self) -> Any:
        sums = {name: self.table.c[name] + new(name) for name in self.values}
        matches = [self.table.c[name] == new(name) for name in self.keys]
        return sa.update(self.table).where(*matches, *(total >= 0 for total in sums.values())).values(sums)


class Take(Change):
    """Delete what has all of these values; who has it locked is waited for."""

    conflict = "was taken already"

    def at_once(self) -> str:
        table = self.table.name
        matches = " AND ".join(f"{table}.{name} = old.{name}" for name in self.columns)
        return f"DELETE FROM {table} USING {recordset(self.table)} AS old WHERE {matches}"

    def each(self) -> Any:
        return sa.delete(self.table).where(*(self.table.c[name] == new(name) for name in self.columns))


class Delete(Change):
    """What somebody else has locked is left to him: to wait for it could be a deadlock, as he may wait for us."""

    def at_once(self) -> str:
        table, (key,) = self.table.name, self.keys
        locked = f"SELECT {key} FROM {table} WHERE {key} = ANY (ARRAY(SELECT {key} FROM {recordset(self.table)}))"
        return f"DELETE FROM {table} WHERE {key} = ANY (ARRAY({locked} FOR UPDATE SKIP LOCKED))"

    def each(self) -> Any:
        return sa.delete(self.table).where(*(self.table.c[name] == new(name) for name in self.keys))


def new(column: str) -> sa.BindParameter[Any]:
    return sa.bindparam(f"new_{column}")
