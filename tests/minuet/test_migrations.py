"""What migrating refuses, and how it says so."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from bus.database import open_engine
from minuet.migrations import UnknownRevision, migrate


def test_a_database_of_another_version_is_left_alone_with_a_sentence(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/order.db")
    migrate("order", engine)
    with engine.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    with pytest.raises(UnknownRevision, match=r"another version of minuet.*9999"):
        migrate("order", engine)
