"""What the version before knew is known after the upgrade of its database."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from alembic import command

from bus.clock import ManualClock
from bus.database import Database
from minuet.migrations import config, migrate
from payment_service import desk, views
from payment_service.app import service
from payment_service.gateway import Gateway
from payment_service.messages import Money
from payment_service.models import bus_tables
from tests.payment_service.words import (
    CANCELLED,
    DEFAULTED,
    FAILED,
    ISSUED,
    PAID,
    RECEIVED,
    REFUNDED,
    REMINDED,
    cancel,
    euros,
    issue,
    later,
    retrieve,
)
from tests.service_bench import ServiceBench

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database as the version before made it."""
    postgresql = request.param == "PostgreSQL"
    url = request.getfixturevalue("fresh_database") if postgresql else f"sqlite:///{tmp_path}/payment.db"
    with version_before(url) as database:
        yield database


@contextmanager
def version_before(url: str) -> Iterator[Database]:
    database = Database(url)
    with database.transaction() as connection:
        command.upgrade(config("payment", connection), "0001")
    yield database
    database.close()


def insert(database: Database, table: str, *rows: dict[str, Any]) -> None:
    with database.transaction() as connection:
        put(connection, table, *rows)


def put(connection: sa.Connection, table: str, *rows: dict[str, Any]) -> None:
    metadata = sa.MetaData()
    metadata.reflect(connection, only=[table])
    for row in rows:
        connection.execute(sa.insert(metadata.tables[table]).values(row))


def payment(reference: str, state: str) -> dict[str, Any]:
    return {
        "reference": reference,
        "attempt": 1,
        "state": state,
        "amount": 10000,
        "currency": "EUR",
        "payment_id": f"6d696e75-0000-4000-8000-00000000000{reference[-1]}",
        "reason": "card declined" if state == "failed" else None,
        "cancel_wished": False,
        "refund_wished": False,
        "history": [{"at": "2026-01-01T00:00:00Z", "what": "charging"}],
    }


def invoice(reference: str, state: str, paid: int = 0) -> dict[str, Any]:
    return {
        "reference": reference,
        "state": state,
        "amount": 10000,
        "currency": "EUR",
        "paid": paid,
        "payer": {"id": "c-1", "name": "Ada", "email": "ada@example.org"},
        "issued_at": NEW_YEAR,
        "due_at": NEW_YEAR.replace(day=31),
    }


def upgraded(database: Database) -> ServiceBench:
    migrate("payment", database.engine)
    return ServiceBench(service(Gateway(httpx.AsyncClient())), lambda _: database, ManualClock(NEW_YEAR))


def test_every_decision_is_repeated_as_it_was(before: Database) -> None:
    states = ["received", "failed", "cancelled", "refunded"]
    insert(before, "payments", *(payment(f"r-{number}", state) for number, state in enumerate(states)))
    bench = upgraded(before)
    said = [name for number in range(4) for name, _ in bench.tell(retrieve(f"r-{number}"))]
    assert said == [RECEIVED, FAILED, CANCELLED, REFUNDED]
    with bench.database.snapshot() as connection:
        shown = views.payment(connection, "r-3")
    assert (shown["received"], shown["refunded"]) == (euros(10000), euros(10000))
    assert [name for name, _ in bench.tell(cancel("r-0"))] == [RECEIVED]


def test_an_open_invoice_goes_on_with_its_deadlines(before: Database) -> None:
    insert(before, "invoices", invoice("r-0", "open", paid=4000), invoice("r-1", "paid", paid=10000))
    bench = upgraded(before)
    assert [name for number in range(2) for name, _ in bench.tell(issue(f"r-{number}"))] == [ISSUED, PAID]
    assert [name for name, _ in later(days=37)(bench)] == [REMINDED]
    assert [name for name, _ in later(days=90)(bench)] == [REMINDED, DEFAULTED]


def test_an_open_invoice_that_is_paid_leaves_no_deadline_behind(before: Database) -> None:
    insert(before, "invoices", invoice("r-ü", "open", paid=4000))
    bench = upgraded(before)
    bench.call(lambda context: desk.pay_invoice("r-ü", Money(amount=6000, currency="EUR"), context))
    with bench.database.snapshot() as connection:
        assert connection.execute(sa.select(bus_tables.timers.c.name)).all() == []


@pytest.mark.parametrize("state", ["charging", "refunding"])
def test_a_call_under_way_is_ended_first(before: Database, state: str) -> None:
    insert(before, "payments", payment("r-0", state))
    with pytest.raises(RuntimeError, match="1 calls to the gateway are under way"):
        migrate("payment", before.engine)
    assert "payments" in sa.inspect(before.engine).get_table_names()


def test_what_the_version_before_commits_meanwhile_is_carried_over(fresh_database: str) -> None:
    """On PostgreSQL, where it may write while the upgrade has begun."""
    with version_before(fresh_database) as database, ThreadPoolExecutor() as threads:
        with database.transaction() as connection:
            put(connection, "payments", payment("r-0", "received"))
            upgrade = threads.submit(upgraded, database)
            wait_for_a_lock(connection)
        assert [name for name, _ in upgrade.result(timeout=30).tell(retrieve("r-0"))] == [RECEIVED]


def wait_for_a_lock(connection: sa.Connection) -> None:
    """Until somebody waits for what this transaction has locked: of this database, as others have theirs there."""
    here = "(SELECT oid FROM pg_database WHERE datname = current_database())"
    waiting = sa.text(f"SELECT count(*) FROM pg_locks WHERE NOT granted AND database = {here}")
    give_up = time.monotonic() + 30
    while not connection.execute(waiting).scalar_one():
        assert time.monotonic() < give_up, "nobody waits"
        time.sleep(0.01)
