"""Bugs about locks, planted to see that these tests would catch them."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy.engine.default import DefaultDialect

from bus import records
from bus.unit import UnitOfWork


def no_row_locks(patch: pytest.MonkeyPatch) -> None:
    """Rows are read without FOR UPDATE, nothing is skipped."""
    without(patch, " FOR UPDATE SKIP LOCKED", " FOR UPDATE")


def nothing_skipped(patch: pytest.MonkeyPatch) -> None:
    """FOR UPDATE, but without SKIP LOCKED."""
    without(patch, " SKIP LOCKED")


def without(patch: pytest.MonkeyPatch, *words: str) -> None:
    """Statements reach the database without these words."""

    def execute(_: Any, cursor: Any, statement: str, parameters: Any, __: Any = None) -> None:
        for each in words:
            statement = statement.replace(each, "")
        cursor.execute(statement, parameters)

    patch.setattr(DefaultDialect, "do_execute", execute)


def no_versions(patch: pytest.MonkeyPatch) -> None:
    """An update that replaces whatever is there."""
    patch.setattr(records.Records, "_version_read", lambda *_: {})


def claims_everything(patch: pytest.MonkeyPatch, source: type[Any]) -> None:
    """A source whose messages are everybody's."""

    def claim(_: Any, __: UnitOfWork, ids: Sequence[str], **___: bool) -> set[str]:
        return set(ids)

    patch.setattr(source, "claim", claim)
