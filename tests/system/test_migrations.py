"""Every service's history of its database."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from bus.database import open_engine
from minuet.migrations import HISTORIES, config, migrate

SERVICES = sorted(HISTORIES)


def tables(engine: sa.Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names())


@pytest.mark.parametrize("service", SERVICES)
def test_an_empty_database_becomes_what_the_models_say(service: str, tmp_path: Path) -> None:
    """No drift: a comparison of the upgraded database with the models finds nothing to do."""
    engine = open_engine(f"sqlite:///{tmp_path}/{service}.db")
    migrate(service, engine)
    with engine.connect().execution_options(reader=True) as connection:
        inspected = sa.inspect(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, HISTORIES[service]) == []
        found = {c["name"] for t in inspected.get_table_names() for c in inspected.get_check_constraints(t)}
    declared = {c.name for t in HISTORIES[service].tables.values() for c in t.constraints}
    assert {name for name in declared if name and isinstance(name, str)} <= found | {None}


@pytest.mark.parametrize("service", SERVICES)
def test_a_second_upgrade_changes_nothing(service: str, tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/{service}.db")
    assert migrate(service, engine) == migrate(service, engine)


@pytest.mark.parametrize("service", SERVICES)
def test_one_step_down_and_up_again(service: str, tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/{service}.db")
    newest = migrate(service, engine)
    before = tables(engine)
    with engine.begin() as connection:
        command.downgrade(config(service, connection), "-1")
    assert tables(engine) < before
    assert migrate(service, engine) == newest
    assert tables(engine) == before
