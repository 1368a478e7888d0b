"""Creates and upgrades databases, by the Alembic history of each service."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError

import inventory_service.models
import migrations
import order_service.models
import payment_service.models
import shipping_service.models
from bus.database import Database, is_conflict, naming_absence
from bus.errors import Unavailable
from bus.transports import sql
from minuet.creating import create_if_missing
from minuet.services import UnknownService
from minuet.settings import Settings
from sandbox_gateway import books

HISTORIES = {
    "order": order_service.models.metadata,
    "payment": payment_service.models.metadata,
    "inventory": inventory_service.models.metadata,
    "shipping": shipping_service.models.metadata,
    "bus": sql.metadata,
    "gateway": books.metadata,
}

UPGRADING = 0x6D696E756574  # the number of our advisory lock


class InUse(Unavailable):
    """Somebody else holds what is to be changed: a version before, or a backup."""


class UnknownRevision(Exception):
    """The database is at a revision that this version has never heard of."""


def migrate_all(settings: Settings, names: Sequence[str] | None) -> Iterator[str]:
    """Create or upgrade the databases of these services, or all. Yields a line each.

    Raises UnknownService, NoDatabase, UnknownRevision, InUse, Unavailable.
    """
    unknown = set(names or ()) - set(HISTORIES)
    if unknown:
        raise UnknownService.among(sorted(unknown), list(HISTORIES))
    folder = settings.folder()
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    for name in names or HISTORIES:
        database = Database(settings.database_of(name))
        try:
            yield f"{name}: at revision {migrate(name, database.engine)}"
        finally:
            database.close()


def migrate(service: str, engine: sa.Engine) -> str | None:
    """Create or upgrade to the newest revision, in one transaction. Returns that revision.

    Raises NoDatabase, UnknownRevision, InUse, Unavailable.
    """
    try:
        with naming_absence():
            create_if_missing(engine)
            with engine.begin() as connection:
                wait_for_turn(connection)
                return upgrade(service, connection)
    except sa.exc.DBAPIError as error:
        if not is_conflict(error):
            raise
        raise InUse(
            f"somebody is using the tables of {service}, and nothing was changed: try again ({error.orig})"
        ) from error


def wait_for_turn(connection: sa.Connection) -> None:
    """Replicas that start at once upgrade one after the other, however long it takes; SQLite's BEGIN sees to that."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET LOCAL lock_timeout = 0"))
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        connection.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": UPGRADING})
        connection.execute(sa.text("SET LOCAL lock_timeout = '5s'"))  # behind us everybody would wait, too


def upgrade(service: str, connection: sa.Connection) -> str | None:
    try:
        command.upgrade(config(service, connection), "head")
    except CommandError as error:
        raise UnknownRevision(f"the database of {service} was made by another version of minuet: {error}") from None
    return MigrationContext.configure(connection).get_current_revision()


def config(service: str, connection: sa.Connection) -> Config:
    """Alembic's configuration, without a file of its own."""
    folder = Path(migrations.__file__).parent
    made = Config(attributes={"connection": connection, "metadata": HISTORIES[service]})
    made.set_main_option("script_location", str(folder))
    made.set_main_option("version_locations", str(folder / service / "versions"))
    made.set_main_option("path_separator", "os")
    return made
