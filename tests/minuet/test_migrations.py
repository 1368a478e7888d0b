"""What migrating refuses, and how it says so."""

from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from alembic import command

from bus.database import open_engine
from minuet.migrations import InUse, UnknownRevision, config, migrate
from tests.servers.postgresql import Databases


def test_a_database_of_another_version_is_left_alone_with_a_sentence(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/order.db")
    migrate("order", engine)
    with engine.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    with pytest.raises(UnknownRevision, match=r"another version of minuet.*9999"):
        migrate("order", engine)


def test_tables_that_somebody_uses_are_left_alone_with_a_sentence(postgresql: Databases) -> None:
    """Behind an upgrade that waits, everybody else would wait, too."""
    name = f"in_use_{uuid4().hex}"
    engine = open_engine(postgresql.create_database(name))
    try:
        with engine.begin() as connection:
            command.upgrade(config("payment", connection), "0001")
        with engine.begin() as connection:
            connection.execute(sa.text("LOCK TABLE payments IN ROW EXCLUSIVE MODE"))
            with pytest.raises(InUse, match="somebody is using the tables of payment, and nothing was changed"):
                migrate("payment", engine)
        assert migrate("payment", engine) not in (None, "0001")
    finally:
        engine.dispose()
        postgresql.drop_database(name)
