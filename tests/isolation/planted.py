"""Bugs about locks, planted to see that these tests would catch them."""

from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from bus import records
from bus.unit import UnitOfWork

with_for_update = sa.Select.with_for_update


def no_row_locks(patch: pytest.MonkeyPatch) -> None:
    """Rows are read without FOR UPDATE, nothing is skipped."""
    patch.setattr(sa.Select, "with_for_update", lambda query, **_: query)


def nothing_skipped(patch: pytest.MonkeyPatch) -> None:
    """FOR UPDATE, but without SKIP LOCKED."""
    patch.setattr(sa.Select, "with_for_update", lambda query, **_: with_for_update(query))


def no_versions(patch: pytest.MonkeyPatch) -> None:
    """An update that replaces whatever is there."""

    def replace(self: records.Records[Any]) -> sa.Update:
        matches = [column == sa.bindparam(f"key_{column.name}") for column in self._key_columns]
        others = [column.name for column in self.table.columns if not column.primary_key and column.name != "version"]
        return sa.update(self.table).where(*matches).values({name: sa.bindparam(f"new_{name}") for name in others})

    patch.setattr(records.Records, "_update", replace)


def claims_everything(patch: pytest.MonkeyPatch, source: type[Any]) -> None:
    """A source whose messages are everybody's."""

    def claim(_: Any, __: UnitOfWork, ids: Sequence[str]) -> set[str]:
        return set(ids)

    patch.setattr(source, "claim", claim)
