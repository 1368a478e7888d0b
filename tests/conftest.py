"""Servers that tests ask for: started with the first test that does, stopped after the last."""

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest
import sqlalchemy as sa

from tests.databases import OnPostgreSQL, OpenDatabase, in_memory
from tests.servers.installing import POSTGRESQL, RABBITMQ, Missing
from tests.servers.postgresql import Databases, PostgreSQL
from tests.servers.rabbitmq import Broker, ExistingBroker, RabbitMQ


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Databases]:
    """A PostgreSQL server for all tests of this run; none of them may stop it."""
    existing = os.environ.get(POSTGRESQL.variable)
    if existing is not None:
        yield Databases(sa.make_url(existing))
        return
    server = PostgreSQL()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def own_postgresql() -> Iterator[PostgreSQL]:
    """A server for one test, not started yet, which that test may kill."""
    try:
        server = PostgreSQL()
    except Missing:
        if POSTGRESQL.variable in os.environ:
            pytest.skip("needs a PostgreSQL that it may kill, and only somebody else's is there")
        raise
    yield server
    server.remove()


@pytest.fixture
def fresh_database(postgresql: Databases) -> Iterator[str]:
    """The URL of an empty database on PostgreSQL, for one test."""
    name = f"fresh_{uuid4().hex}"
    yield postgresql.create_database(name)
    postgresql.drop_database(name)


@pytest.fixture(scope="session")
def on_postgresql(postgresql: Databases) -> Iterator[OnPostgreSQL]:
    kept = OnPostgreSQL(postgresql)
    yield kept
    kept.close()


@pytest.fixture(scope="session")
def rabbitmq(request: pytest.FixtureRequest) -> Broker:
    """A RabbitMQ for all tests of this run; none of them may stop it."""
    existing = os.environ.get(RABBITMQ.variable)
    if existing is not None:
        return ExistingBroker(existing)
    private: RabbitMQ = request.getfixturevalue("private_rabbitmq")
    return private


@pytest.fixture(scope="session")
def private_rabbitmq() -> Iterator[RabbitMQ]:
    """One that tests may administer, but not stop: it is shared."""
    yield from started_rabbitmq()


@pytest.fixture(scope="module")
def own_rabbitmq() -> Iterator[RabbitMQ]:
    """One for the tests of one file, which may kill it."""
    yield from started_rabbitmq()


def started_rabbitmq() -> Iterator[RabbitMQ]:
    try:
        server = RabbitMQ()
    except Missing:
        if RABBITMQ.variable in os.environ:
            pytest.skip("needs a RabbitMQ of its own, and only somebody else's is there")
        raise
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def open_database(request: pytest.FixtureRequest) -> OpenDatabase:
    """Whoever asks for this runs on every database."""
    if request.param == "SQLite":
        return in_memory
    kept: OnPostgreSQL = request.getfixturevalue("on_postgresql")
    return kept
