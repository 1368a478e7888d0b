"""One database per service: how it is opened, and what its errors mean."""

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from pydantic_core import from_json, to_json
from sqlalchemy.pool import StaticPool

from bus.errors import Conflict, Unavailable

CONFLICTS = {"40001", "40P01", "55P03", "23505"}  # serialization failure, deadlock, lock timeout, key inserted by both
AWAY = {"08", "53", "57", "58"}  # classes: connection, resources, an administrator's intervention, the system
BUSY_SECONDS = 5.0
READERS = 8  # over HTTP, at once
OTHERS = 4  # the writer, those who look for deadlines and for what is overdue, and the probe: they wait for no reader

# A snapshot is one moment's truth, however many statements look at it.
READING: dict[str, dict[str, Any]] = {
    "sqlite": {"reader": True},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}
SQLITE = {"timeout": BUSY_SECONDS, "check_same_thread": False}
JSON: Mapping[str, Any] = {"json_serializer": lambda value: to_json(value).decode(), "json_deserializer": from_json}
POSTGRESQL_CONNECTION: Mapping[str, Any] = {
    "client_encoding": "utf8",
    "connect_timeout": 5,
    "prepare_threshold": 1,  # statements are few, and executed again and again
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "target_session_attrs": "read-write",  # a standby is not there yet
    "tcp_user_timeout": 10_000,  # milliseconds; a server that has vanished is noticed while we wait for it
}
# A replica that stands still in the middle of a transaction does not hold up the others for ever. And statements find
# their rows by key, whatever the values are: to plan each of them anew took as long as to execute it. A plan is made
# once, perhaps while the tables are empty: so it goes by an index wherever there is one, row by row.
POSTGRESQL_SESSION = f"""
    SET lock_timeout = '{BUSY_SECONDS}s';
    SET statement_timeout = '30s';
    SET idle_in_transaction_session_timeout = '10s';
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET jit = off;
"""


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
    """Transactions for the one writer, and snapshots for anyone who reads. Both raise Unavailable."""

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)
        self._reading = READING[self.engine.dialect.name]
        self._readers = threading.BoundedSemaphore(READERS)

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        with naming_absence(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """Read-only: what was written by mistake is refused or rolled back. For the service itself, and its probe."""
        with naming_absence(), self.engine.connect() as connection:
            yield connection.execution_options(**self._reading)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A snapshot for whoever asks over HTTP: not too many at once, so that the service's own find a connection."""
        with self._readers, self.snapshot() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def open_engine(url: str) -> sa.Engine:
    """Its errors hide the parameters: people's data stays out of logs and causes."""
    if url.startswith("postgresql"):
        return open_postgresql(url)
    if ":memory:" in url or url == "sqlite://":
        engine = sa.create_engine("sqlite://", poolclass=StaticPool, hide_parameters=True, connect_args=SQLITE, **JSON)
    else:
        engine = sa.create_engine(url, hide_parameters=True, connect_args=SQLITE, **JSON)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def open_postgresql(url: str) -> sa.Engine:
    """No ping before use: a connection that was lost is found out by its error, and the work is done again."""
    engine = sa.create_engine(
        url,
        isolation_level="READ COMMITTED",  # whatever is read to be changed is locked
        pool_size=READERS + OTHERS,
        max_overflow=0,
        pool_use_lifo=True,  # the connection that has prepared the statements
        hide_parameters=True,
        connect_args=dict(POSTGRESQL_CONNECTION),
        **JSON,
    )
    sa.event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    connection.execute(POSTGRESQL_SESSION)
    connection.commit()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    _into_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _into_wal(connection: Any) -> None:
    """To change the mode of a new file SQLite waits for no other process, so we do."""
    give_up = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: sa.Connection) -> None:
    """Writers take the lock at once: read-then-write under a deferred BEGIN fails whatever the timeout."""
    reader = connection.get_execution_options().get("reader", False)
    connection.exec_driver_sql("BEGIN" if reader else "BEGIN IMMEDIATE")


@contextmanager
def naming_absence() -> Iterator[None]:
    """A database that cannot be reached is Unavailable, whichever way it shows."""
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        if is_conflict(error) or not is_unreachable(error):
            raise
        raise Unavailable(str(getattr(error, "orig", None) or error).strip()) from error


def is_conflict(error: Exception) -> bool:
    """Two transactions met: the whole batch may be tried again. If it was no accident, it will come back."""
    if isinstance(error, Conflict):
        return True
    if not isinstance(error, sa.exc.DBAPIError):
        return False
    if getattr(error.orig, "sqlstate", None) in CONFLICTS:
        return True
    return any(words in str(error.orig) for words in ("database is locked", "UNIQUE constraint failed"))


def is_contended(error: Exception) -> bool:
    """A conflict that is over as soon as the others have done: not a key that is taken for good."""
    return is_conflict(error) and not isinstance(error, sa.exc.IntegrityError)


def is_unreachable(error: Exception) -> bool:
    """Nobody's fault but the database's: wait, count nothing."""
    if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, sa.exc.TimeoutError | Unavailable):
        return True
    if not isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        return False
    if getattr(error.orig, "sqlite_errorname", "") == "SQLITE_ERROR":
        return False  # a mistake in the statement; SQLite has no other name for it
    state = getattr(error.orig, "sqlstate", None)
    return state is None or state[:2] in AWAY
