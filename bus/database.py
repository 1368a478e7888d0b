"""One database per service: how it is opened, and what its errors mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from bus.errors import Unavailable

CONFLICTS = {"40001", "40P01", "55P03"}  # serialization failure, deadlock, lock not available
BUSY_SECONDS = 5.0


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware UTC timestamp on every database; SQLite alone would forget the zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        aware: datetime = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware


class Database:
    """Transactions for the one writer, and snapshots for anyone who reads."""

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """Read-only: what was written by mistake is rolled back."""
        with self.engine.connect().execution_options(reader=True) as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def open_engine(url: str) -> sa.Engine:
    if not url.startswith("sqlite"):
        return sa.create_engine(url, pool_pre_ping=True)
    if ":memory:" in url or url == "sqlite://":
        engine = sa.create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: sa.Connection) -> None:
    """Writers take the lock at once: read-then-write under a deferred BEGIN fails whatever the timeout."""
    reader = connection.get_execution_options().get("reader", False)
    connection.exec_driver_sql("BEGIN" if reader else "BEGIN IMMEDIATE")


def is_conflict(error: Exception) -> bool:
    """Two transactions met: the whole batch may be tried again."""
    if isinstance(error, sa.exc.IntegrityError):
        return True  # two replicas inserted one key at once; if it is a bug, it will come back
    if not isinstance(error, sa.exc.OperationalError | sa.exc.InternalError):
        return False
    return getattr(error.orig, "sqlstate", None) in CONFLICTS or "database is locked" in str(error.orig)


def is_unreachable(error: Exception) -> bool:
    """Nobody's fault but the database's: wait, count nothing."""
    if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, sa.exc.TimeoutError | Unavailable):
        return True
    if not isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    return state is None or state[:2] in {"08", "57", "53"}
