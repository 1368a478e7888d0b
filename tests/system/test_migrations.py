"""Every service's history of its database, on every database."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from bus.database import Database, UtcDateTime
from bus.errors import Unavailable
from minuet.creating import NoDatabase
from minuet.migrations import HISTORIES, config, migrate
from tests.servers.postgresql import Databases, free_port

SERVICES = sorted(HISTORIES)
EXAMPLES: list[tuple[type[Any], Any]] = [
    (UtcDateTime, datetime(2026, 1, 1, tzinfo=UTC)),
    (sa.JSON, {"a": 1}),
    (sa.LargeBinary, b"{}"),
    (sa.Boolean, True),
    (sa.Integer, 1),
    (sa.Double, 1.5),
    (sa.Text, "text"),
]


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "SQLite":
        return f"sqlite:///{tmp_path}/database.db"
    fresh: str = request.getfixturevalue("fresh_database")
    return fresh


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    database = Database(url)
    yield database.engine
    database.close()


def shape(engine: sa.Engine) -> set[str]:
    """The names of tables and indexes."""
    inspected = sa.inspect(engine)
    tables = inspected.get_table_names()
    return {*tables, *(str(index["name"]) for table in tables for index in inspected.get_indexes(table))}


@pytest.mark.parametrize("service", SERVICES)
def test_an_empty_database_becomes_what_the_models_say(service: str, engine: sa.Engine) -> None:
    """No drift: a comparison of the upgraded database with the models finds nothing to do."""
    migrate(service, engine)
    with engine.connect().execution_options(reader=True) as connection:
        inspected = sa.inspect(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, HISTORIES[service]) == []
        found = {c["name"] for t in inspected.get_table_names() for c in inspected.get_check_constraints(t)}
    declared = {c.name for t in HISTORIES[service].tables.values() for c in t.constraints}
    checks = {c for c in declared if isinstance(c, str)}
    assert checks <= found


@pytest.mark.parametrize("service", SERVICES)
def test_a_second_upgrade_changes_nothing(service: str, engine: sa.Engine) -> None:
    assert migrate(service, engine) == migrate(service, engine)


@pytest.mark.parametrize("service", SERVICES)
def test_one_step_down_and_up_again(service: str, engine: sa.Engine) -> None:
    newest = migrate(service, engine)
    before = shape(engine)
    step_down(service, engine)
    assert shape(engine) != before
    assert migrate(service, engine) == newest
    assert shape(engine) == before


@pytest.mark.parametrize("service", SERVICES)
def test_a_filled_database_keeps_its_rows_and_goes_a_step_down_and_up(service: str, engine: sa.Engine) -> None:
    newest = migrate(service, engine)
    rows = fill(HISTORIES[service], engine)
    migrate(service, engine)
    assert {name: count(engine, name) for name in rows} == rows
    step_down(service, engine)
    assert migrate(service, engine) == newest


@pytest.mark.parametrize("service", SERVICES)
def test_replicas_that_start_at_once_do_not_collide(service: str, url: str) -> None:
    """Whoever comes second finds it done."""
    results = at_once(4, lambda: migrate_once(service, url))
    assert len(set(results)) == 1


def test_replicas_create_a_missing_database_once(postgresql: Databases) -> None:
    name = f"missing_{uuid4().hex}"
    try:
        assert set(at_once(4, lambda: migrate_once("bus", postgresql.url(name)))) == {"0001"}
    finally:
        postgresql.drop_database(name)


def test_who_may_not_create_a_missing_database_is_told_what_to_do(postgresql: Databases) -> None:
    user, name = f"poor_{uuid4().hex}", f"missing_{uuid4().hex}"
    with psycopg.connect(postgresql.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE \"{user}\" LOGIN PASSWORD 'secret'".encode())
        try:
            url = sa.make_url(postgresql.url(name)).set(username=user, password="secret")
            with pytest.raises(NoDatabase, match=rf"createdb .* -O {user} .* {name}") as refusal:
                migrate_once("bus", url.render_as_string(hide_password=False))
            assert "secret" not in str(refusal.value)
        finally:
            connection.execute(f'DROP ROLE "{user}"'.encode())


def test_a_server_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        migrate_once("bus", f"postgresql+psycopg://minuet@127.0.0.1:{free_port()}/nowhere")


def migrate_once(service: str, url: str) -> str | None:
    database = Database(url)
    try:
        return migrate(service, database.engine)
    finally:
        database.close()


def step_down(service: str, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        command.downgrade(config(service, connection), "-1")


def at_once(times: int, run: Callable[[], Any]) -> list[Any]:
    barrier = threading.Barrier(times)

    def wait_and_run(_: int) -> Any:
        barrier.wait(timeout=10)
        return run()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(wait_and_run, range(times)))


def fill(metadata: sa.MetaData, engine: sa.Engine) -> dict[str, int]:
    """A row in every table. Returns how many rows each has."""
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(sa.insert(table).values({column.name: example(column) for column in table.columns}))
    return {table.name: 1 for table in metadata.sorted_tables}


def example(column: sa.Column[Any]) -> Any:
    """Something that the column can hold."""
    return next(value for kind, value in EXAMPLES if isinstance(column.type, kind))


def count(engine: sa.Engine, table: str) -> int:
    with engine.connect().execution_options(reader=True) as connection:
        number: int = connection.execute(sa.select(sa.func.count()).select_from(sa.table(table))).scalar_one()
        return number


def test_an_effect_that_was_not_carried_out_yet_is_found_by_its_subject_after_the_upgrade(url: str) -> None:
    """A call that is still to be made must not be overlooked by whoever asks whether one is."""
    database = Database(url)
    with database.transaction() as connection:
        command.upgrade(config("payment", connection), "0003")
        headers = '{"ce-id": "e-1", "ce-type": "t", "ce-source": "s", "ce-subject": "order-1"}'
        row = {"effect_id": "e-1", "headers": headers, "body": b"{}", "attempts": 1, "lease_until": 0.0}
        metadata = sa.MetaData()
        metadata.reflect(connection, only=["effects"])
        connection.execute(sa.insert(metadata.tables["effects"]).values(row))
    migrate("payment", database.engine)
    with database.snapshot() as connection:
        assert connection.execute(sa.text("select effect_id, subject from effects")).all() == [("e-1", "order-1")]
    database.close()
