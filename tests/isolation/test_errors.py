"""What the errors of real databases mean."""

import pytest
import sqlalchemy as sa

from bus import database
from bus.database import Database, is_conflict, is_unreachable
from bus.errors import Conflict, Unavailable
from bus.unit import Context
from tests.databases import OnPostgreSQL, OpenDatabase
from tests.isolation.replicas import Replicas
from tests.isolation.tally import Count, Tallies, Tally, metadata, service, tallies
from tests.service_bench import ServiceBench


@pytest.fixture
def impatient(on_postgresql: OnPostgreSQL, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Its sessions wait 50 ms for anything."""
    url = on_postgresql.url(metadata)
    monkeypatch.setattr(database, "POSTGRESQL_SESSION", "SET lock_timeout = '50ms'; SET statement_timeout = '100ms'")
    return Database(url)


def error_of(opened: Database, *statements: str) -> Exception:
    def run() -> None:
        with opened.transaction() as connection:
            for statement in statements:
                connection.execute(sa.text(statement))

    with pytest.raises(sa.exc.DBAPIError) as raised:
        run()
    return raised.value


def test_a_key_that_is_there_already_is_a_conflict(open_database: OpenDatabase) -> None:
    """Another replica was faster."""
    insert = "INSERT INTO tallies (name, number) VALUES ('a', 1)"
    error = error_of(open_database(metadata), insert, insert)
    assert is_conflict(error)


def test_a_value_that_is_missing_is_nobodys_conflict(open_database: OpenDatabase) -> None:
    """It would be the same the next time."""
    error = error_of(open_database(metadata), "INSERT INTO tallies (name) VALUES ('a')")
    assert not is_conflict(error)
    assert not is_unreachable(error)


def test_a_lock_that_is_not_to_be_had_in_time_is_a_conflict(counting: Replicas, impatient: Database) -> None:
    counting.tell(Count(name="a"))
    lock = "SELECT * FROM tallies WHERE name = 'a' FOR UPDATE"
    with counting.database.transaction() as holding:
        holding.execute(sa.text(lock))
        assert is_conflict(error_of(impatient, lock))
    impatient.close()


def test_a_statement_that_takes_too_long_means_that_the_database_is_not_well(impatient: Database) -> None:
    """Nobody's fault: it is waited for."""
    with pytest.raises(Unavailable, match="statement timeout"), impatient.transaction() as connection:
        connection.execute(sa.text("SELECT pg_sleep(10)"))
    impatient.close()


def test_what_was_stored_does_not_show_in_a_cause(open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Causes are kept and shown; people's data has no place in them. PostgreSQL's details repeat the whole row."""
    bench = ServiceBench(service, open_database)
    monkeypatch.setattr(Tallies, "_row", lambda _, tally: {"name": tally.name, "number": None})
    bench.tell(Count(name="secret"))
    (letter,) = bench.dead_letters()
    assert "null" in letter.cause.lower()
    assert "secret" not in letter.cause


def test_a_row_that_changed_in_spite_of_its_lock_is_not_overwritten(open_database: OpenDatabase) -> None:
    """Planted: somebody changes it without asking. The whole transaction is done again."""
    bench = ServiceBench(service, open_database)
    bench.tell(Count(name="a"))
    attempts: list[int] = []

    def count(context: Context) -> None:
        store = context.store(Tallies)
        before = store.get("a")
        assert before is not None
        attempts.append(before.number)
        if len(attempts) == 1:
            meddling = sa.update(tallies).values(number=10, version=tallies.c.version + 1)
            context.unit.connection.execute(meddling)
        store.put(Tally("a", before.number + 1))

    bench.call(count)
    assert attempts == [1, 1]
    assert bench.call(lambda context: context.store(Tallies).get("a")) == Tally("a", 2)


def test_a_row_that_is_gone_cannot_be_changed(open_database: OpenDatabase) -> None:
    bench = ServiceBench(service, open_database)
    bench.tell(Count(name="a"))

    def count(context: Context) -> None:
        store = context.store(Tallies)
        assert store.get("a") is not None
        context.unit.connection.execute(sa.delete(tallies))
        store.put(Tally("a", 2))

    with pytest.raises(Conflict, match="tallies"):
        bench.call(count)
