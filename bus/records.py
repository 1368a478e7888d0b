"""Rows of one table as frozen dataclasses, read and written once per unit of work."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar

import sqlalchemy as sa

from bus import many
from bus.unit import Store, UnitOfWork

R = TypeVar("R")
Key = tuple[Any, ...]


class Records(Store, Generic[R]):
    """An identity map. The table's primary key is the record's key; its first column, usually, is the subject's.

    A batch costs one select, one insert and one update, however many messages are in it. Rows are read with
    `FOR UPDATE` in the order of their keys, so that replicas queue up instead of locking each other out. A column
    `version`, which the record does not have, counts a row's updates: should a row change in spite of the lock, whoever
    would overwrite that gets a Conflict.
    """

    table: ClassVar[sa.Table]
    record: ClassVar[type[Any]]

    def __init__(self, unit: UnitOfWork) -> None:
        super().__init__(unit)
        self._key_names = self.table.primary_key.columns.keys()
        self._subject_name = self._subject_column().name
        self._known: dict[Key, R] = {}
        self._by_subject: defaultdict[str, dict[Key, R]] = defaultdict(dict)
        self._stored: dict[Key, R] = {}
        self._versions: dict[Key, int] = {}
        self._read: set[str] = set()

    def preload(self, subjects: Iterable[str]) -> None:
        wanted = sorted(set(subjects) - self._read)
        if not wanted:
            return
        self._read.update(wanted)
        query = _locked(self.table, self._subject_column())
        found = self.connection.execute(query, {"subjects": wanted})
        names = tuple(found.keys())
        for row in found:
            values = dict(zip(names, row, strict=True))
            version = values.pop("version", 1)
            record: R = self.record(**values)
            key = self._keep(record)
            self._stored[key] = record
            self._versions[key] = version

    def get(self, *key: Any) -> R | None:
        """The record with this key, whose first part is the subject, or None."""
        self.preload([key[0]])
        return self._known.get(key)

    def of(self, subject: str) -> Sequence[R]:
        """All records of one subject, in the order of their keys."""
        self.preload([subject])
        return [record for _, record in sorted(self._by_subject[subject].items())]

    def put(self, record: R) -> R:
        """Insert or replace."""
        self.preload([self._subject_of(record)])
        self._keep(record)
        return record

    def flush(self) -> None:
        self._insert([key for key in self._known if key not in self._stored])
        self._change([key for key, record in self._known.items() if record is not self._stored.get(key, record)])
        self._stored = dict(self._known)

    def _insert(self, keys: Sequence[Key]) -> None:
        self._versions.update(dict.fromkeys(keys, 1))
        self.unit.writes.insert(self.table, [self._row(self._known[key]) for key in keys])

    def _change(self, keys: Sequence[Key]) -> None:
        rows = [self._row(self._known[key]) | self._version_read(key) for key in keys]
        self.unit.writes.update(self.table, rows)
        for key in keys:
            self._versions[key] += 1

    def key_of(self, record: R) -> Key:
        return tuple(getattr(record, name) for name in self._key_names)

    def _keep(self, record: R) -> Key:
        key = self.key_of(record)
        self._known[key] = self._by_subject[self._subject_of(record)][key] = record
        return key

    def _subject_of(self, record: R) -> str:
        subject: str = getattr(record, self._subject_name)
        return subject

    def _subject_column(self) -> sa.Column[Any]:
        return self.table.primary_key.columns[0]

    def _row(self, record: R) -> dict[str, Any]:
        return dict(vars(record))

    def _version_read(self, key: Key) -> dict[str, int]:
        return {"version": self._versions[key]} if "version" in self.table.columns else {}


@cache
def _locked(table: sa.Table, subject: sa.Column[Any]) -> sa.Select[Any]:
    """The rows of some subjects, in the order of their keys."""
    query = sa.select(table).where(many.among(subject, "subjects"))
    return query.order_by(*table.primary_key.columns).with_for_update()
