"""Creates a service's database on PostgreSQL. SQLite's are created by opening them."""

import sqlalchemy as sa

CREATED_BY_ANOTHER = {"42P04", "23505"}  # it was not there a moment ago
FORBIDDEN = "42501"
ADMINISTRATION = "postgres"  # the database that every server has


class NoDatabase(Exception):
    """It is not there and we may not create it; the message says what to do."""


def create_if_missing(engine: sa.Engine) -> None:
    """Raises NoDatabase, and OperationalError if the server is away or does not let us in."""
    if engine.dialect.name != "postgresql":
        return
    try:
        engine.connect().close()
    except sa.exc.OperationalError as error:
        if not _create(engine.url):
            raise error from None


def _create(url: sa.URL) -> bool:
    """False if that would not help. What a server says on refusing a connection depends on its language: so we look."""
    administration = sa.create_engine(
        url.set(database=ADMINISTRATION), poolclass=sa.NullPool, isolation_level="AUTOCOMMIT"
    )
    try:
        with administration.connect() as connection:
            if connection.scalar(sa.text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": url.database}):
                return False
            connection.exec_driver_sql(_statement(connection, str(url.database)))
    except sa.exc.OperationalError:
        return False
    except sa.exc.DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state == FORBIDDEN:
            raise NoDatabase(_advice(url)) from error
        if state not in CREATED_BY_ANOTHER:
            raise
    return True


def _statement(connection: sa.Connection, name: str) -> str:
    quoted = connection.dialect.identifier_preparer.quote_identifier(name)
    return f"CREATE DATABASE {quoted} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"


def _advice(url: sa.URL) -> str:
    where = "".join([f" -h {url.host}" if url.host else "", f" -p {url.port}" if url.port else ""])
    user = url.username or "USER"
    return (
        f"there is no database {url.database}, and {user} may not create one: let an administrator run "
        f"`createdb{where} -O {user} -E UTF8 -T template0 {url.database}`"
    )
