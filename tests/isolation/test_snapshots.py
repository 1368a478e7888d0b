"""What readers see while others write."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bus.database import Database
from tests.databases import OnPostgreSQL
from tests.isolation.tally import metadata, tallies


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "PostgreSQL":
        kept: OnPostgreSQL = request.getfixturevalue("on_postgresql")
        yield kept(metadata)
        return
    file = Database(f"sqlite:///{tmp_path}/tally.db")
    metadata.create_all(file.engine)
    yield file
    file.close()


def write(database: Database, name: str) -> None:
    with database.transaction() as connection:
        connection.execute(sa.insert(tallies).values(name=name, number=1))


def names(connection: sa.Connection) -> list[str]:
    return list(connection.execute(sa.select(tallies.c.name)).scalars())


def test_a_snapshot_is_one_moments_truth_however_often_one_looks(database: Database) -> None:
    """An order and its history are read by two statements, and belong together."""
    write(database, "before")
    with database.snapshot() as connection:
        assert names(connection) == ["before"]
        write(database, "meanwhile")
        assert names(connection) == ["before"]
    with database.snapshot() as connection:
        assert sorted(names(connection)) == ["before", "meanwhile"]


def test_a_snapshot_stores_nothing(database: Database) -> None:
    """Whether the database refuses it or forgets it."""
    with database.snapshot() as connection:
        try:
            connection.execute(sa.insert(tallies).values(name="by mistake", number=1))
        except sa.exc.InternalError:
            pass
    with database.snapshot() as connection:
        assert names(connection) == []


def test_a_connection_that_read_can_write_afterwards(database: Database) -> None:
    """Connections are shared: what a reader asked of its connection ends with it."""
    for number in range(20):
        with database.snapshot() as connection:
            assert len(names(connection)) == number
        write(database, f"tally {number}")
