"""Empty databases with a service's tables, for tests that run on every database."""

from collections.abc import Callable
from uuid import uuid4

import sqlalchemy as sa

from bus.database import Database
from tests.servers.postgresql import Databases

OpenDatabase = Callable[[sa.MetaData], Database]


def in_memory(metadata: sa.MetaData) -> Database:
    database = Database("sqlite://")
    metadata.create_all(database.engine)
    return database


class OnPostgreSQL:
    """One database for each set of tables. It is kept, with its connections, and emptied whenever it is asked for."""

    def __init__(self, server: Databases) -> None:
        self._server = server
        self._opened: dict[sa.MetaData, Database] = {}
        self._names: list[str] = []

    def __call__(self, metadata: sa.MetaData) -> Database:
        if metadata not in self._opened:
            self._opened[metadata] = self._create(metadata)
        database = self._opened[metadata]
        emptying = "; ".join(f'DELETE FROM "{table.name}"' for table in reversed(metadata.sorted_tables))
        with database.transaction() as connection:
            connection.exec_driver_sql(emptying)
        return database

    def url(self, metadata: sa.MetaData) -> str:
        """For whoever opens it himself, as a process of its own would."""
        return self(metadata).engine.url.render_as_string(hide_password=False)

    def _create(self, metadata: sa.MetaData) -> Database:
        self._names.append(f"kept_{uuid4().hex}")
        database = Database(self._server.create_database(self._names[-1]))
        metadata.create_all(database.engine)
        return database

    def close(self) -> None:
        for database in self._opened.values():
            database.close()
        for name in self._names:
            self._server.drop_database(name)
