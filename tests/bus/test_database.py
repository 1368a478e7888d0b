"""How a database is opened, and what its errors mean."""

import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from bus.database import READERS, Database, UtcDateTime, is_conflict, is_unreachable
from bus.errors import Unavailable
from tests.servers.postgresql import Databases

metadata = sa.MetaData()
notes = sa.Table(
    "notes", metadata, sa.Column("name", sa.Text, primary_key=True), sa.Column("at", UtcDateTime, nullable=True)
)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/notes.db"


@pytest.fixture
def database(url: str) -> Database:
    opened = Database(url)
    metadata.create_all(opened.engine)
    return opened


def note(connection: sa.Connection, name: str, at: datetime | None = None) -> None:
    connection.execute(sa.insert(notes).values(name=name, at=at))


def names(database: Database) -> list[str]:
    with database.snapshot() as connection:
        return list(connection.execute(sa.select(notes.c.name).order_by(notes.c.name)).scalars())


def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    with database.transaction() as connection:
        note(connection, "kept")
    with pytest.raises(ArithmeticError), database.transaction() as connection:  # noqa: PT012
        note(connection, "lost")
        raise ArithmeticError
    assert names(database) == ["kept"]


def test_writers_that_read_first_queue_up(database: Database, url: str) -> None:
    """Under a deferred BEGIN the second to write would get "database is locked", whatever the timeout."""
    other, together, lost = Database(url), threading.Barrier(2), []

    def work(mine: Database) -> None:
        for n in range(25):
            together.wait(10)
            try:
                with mine.transaction() as connection:
                    count = connection.execute(sa.select(sa.func.count()).select_from(notes)).scalar_one()
                    note(connection, f"{count}")
            except sa.exc.OperationalError as error:
                lost.append((n, error))

    threads = [threading.Thread(target=work, args=[each]) for each in (database, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert lost == []
    assert sorted(map(int, names(database))) == list(range(50))


def test_readers_do_not_wait_for_the_writer(database: Database) -> None:
    """And see what was committed before they began."""
    with database.transaction() as connection:
        note(connection, "not yet")
        assert names(database) == []
    assert names(database) == ["not yet"]


def test_a_snapshot_stays_as_it_was(database: Database) -> None:
    with database.snapshot() as reading:
        count = sa.select(sa.func.count()).select_from(notes)
        assert reading.execute(count).scalar_one() == 0
        with database.transaction() as connection:
            note(connection, "meanwhile")
        assert reading.execute(count).scalar_one() == 0


def test_whoever_reads_over_http_keeps_nobody_else_waiting(database: Database) -> None:
    """However many they are, deadlines are looked for, and the probe has its answer."""
    with ExitStack() as reading:
        for _ in range(READERS):
            reading.enter_context(database.reading())
        with database.snapshot() as connection, database.transaction():
            assert connection.scalar(sa.select(1)) == 1


def test_what_is_written_in_a_snapshot_is_rolled_back(database: Database) -> None:
    with database.snapshot() as connection:
        note(connection, "by mistake")
    assert names(database) == []


def test_a_snapshot_of_a_database_that_is_away_says_so(tmp_path: Path) -> None:
    """As whoever reads over HTTP must be told to try again, not that we are broken."""
    away = Database(f"sqlite:///{tmp_path}/no/such/folder/notes.db")
    with pytest.raises(Unavailable, match="unable to open"), away.snapshot():
        pass


def test_a_mistake_in_a_read_is_no_outage(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError), database.snapshot() as connection:  # noqa: PT012
        note(connection, "a")
        note(connection, "a")


def test_what_is_committed_survives_the_process(database: Database) -> None:
    """WAL, and synchronous: a commit is on the disk."""
    with database.snapshot() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@pytest.mark.parametrize("hours", [-5, 0, 9])
def test_times_come_back_aware_and_utc(database: Database, hours: int) -> None:
    at = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=hours)))
    with database.transaction() as connection:
        note(connection, "a", at)
        note(connection, "b")
    with database.snapshot() as connection:
        found = list(connection.execute(sa.select(notes.c.at).order_by(notes.c.name)).scalars())
    assert found == [at, None]
    assert found[0].tzinfo is UTC


def test_times_compare_as_moments(database: Database) -> None:
    """Whatever zone the one who asks is in."""
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    with database.transaction() as connection:
        note(connection, "before", noon - timedelta(minutes=1))
        note(connection, "after", noon + timedelta(minutes=1))
    there = noon.astimezone(timezone(timedelta(hours=9)))
    with database.snapshot() as connection:
        query = sa.select(notes.c.name).where(notes.c.at <= there)
        assert list(connection.execute(query).scalars()) == ["before"]


class DriverError(Exception):
    sqlstate: str | None = None


def driver_error(sqlstate: str | None, text: str = "") -> Exception:
    """As a driver raises it: PostgreSQL's tell by a code, SQLite's by their words."""
    error = DriverError(text)
    error.sqlstate = sqlstate
    return error


def operational(sqlstate: str | None, text: str = "") -> sa.exc.OperationalError:
    return sa.exc.OperationalError("select", {}, driver_error(sqlstate, text))


def test_a_standby_is_not_there_yet(postgresql: Databases, fresh_database: str) -> None:
    """Whoever is connected to one could do nothing but read, for ever."""
    postgresql.forbid_writing(fresh_database)
    database = Database(fresh_database)
    with pytest.raises(Unavailable, match="read-only"), database.transaction():
        pass
    database.close()


@pytest.mark.parametrize(
    ("error", "conflict", "unreachable"),
    [
        (operational("40001"), True, False),  # serialization failure
        (operational("40P01"), True, False),  # deadlock
        (operational("55P03"), True, False),  # lock not available
        (operational(None, "database is locked"), True, True),  # tried again, and if it stays so: away
        (sa.exc.IntegrityError("insert", {}, driver_error("23505")), True, False),
        (operational("57P01"), False, True),  # the server is shutting down
        (operational("08006"), False, True),  # connection failure
        (operational("53300"), False, True),  # too many connections
        (operational(None, "server closed the connection unexpectedly"), False, True),
        (operational(None, "disk I/O error"), False, True),
        (sa.exc.InterfaceError("select", {}, driver_error(None)), False, True),
        (sa.exc.TimeoutError("QueuePool limit"), False, True),
        (Unavailable("gone"), False, True),
        (sa.exc.ProgrammingError("select", {}, driver_error("42P01")), False, False),  # no such table
        (sa.exc.DataError("insert", {}, driver_error("22P05")), False, False),  # a character it refuses
        (RuntimeError("a bug"), False, False),
    ],
)
def test_an_error_means_try_again_or_wait_or_neither(error: Exception, conflict: bool, unreachable: bool) -> None:
    assert (is_conflict(error), is_unreachable(error)) == (conflict, unreachable)


def test_a_mistake_in_a_statement_is_the_handlers_and_not_an_outage(database: Database) -> None:
    """SQLite calls it an operational error too; to wait for it would be to wait for ever."""
    with pytest.raises(sa.exc.OperationalError) as raised, database.transaction() as connection:
        connection.exec_driver_sql("SELECT * FROM nowhere")
    assert not is_unreachable(raised.value)
