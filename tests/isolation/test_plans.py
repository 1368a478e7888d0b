"""What is asked again and again must not cost more, the more rows are stored: nor if it was planned while there were
none, as a plan is made once.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from bus import dead_letters, effects, inbox, outbox, timers
from bus.clock import ManualClock
from bus.database import Database
from bus.envelope import origin
from bus.errors import Conflict
from bus.looking import look
from bus.unit import Context, UnitOfWork
from order_service import views
from order_service.models import metadata as order_metadata
from shipping_service.app import service
from shipping_service.messages import HandToCarrier
from shipping_service.models import ANY_PENDING, Shipments, bus_tables, is_lease_over, metadata
from tests.databases import OnPostgreSQL

ROWS = 20_000
CLOCK = ManualClock()
FILL = """
    INSERT INTO outbox SELECT n::text, '{}', '', false, 0, 4e9 + n FROM generate_series(1, :rows) n;
    INSERT INTO effects SELECT n::text, n::text, '{"ce-id": "1", "ce-type": "t", "ce-source": "s"}', '', 0, 4e9 + n
        FROM generate_series(1, :rows) n;
    INSERT INTO inbox SELECT n::text, 0 FROM generate_series(1, :rows) n;
    INSERT INTO timers SELECT n::text, n::text, '', timestamptz '2025-01-01' + n * interval '1 s', '',
        '{"ce-id": "1", "ce-type": "t", "ce-source": "s"}', '' FROM generate_series(1, :rows) n;
    INSERT INTO dead_letters SELECT n::text, n::text, '{}', '', '', 'retrying', 1, 0, 4e9 + n
        FROM generate_series(1, :rows) n;
    INSERT INTO shipments (reference, state, cancel_wished) SELECT n::text, 'shipped', false
        FROM generate_series(1, :rows) n;
    ANALYZE
"""

LATEST = SimpleNamespace(created_at=CLOCK.now(), instance_id=str(UUID(int=1)))
Ask = Callable[[Context], object]


@pytest.fixture
def empty(on_postgresql: OnPostgreSQL) -> Database:
    return on_postgresql(metadata)


@pytest.fixture
def full(empty: Database) -> Database:
    with empty.transaction() as connection:
        connection.exec_driver_sql(FILL.replace(":rows", str(ROWS)))
    return empty


@pytest.fixture(params=["empty", "full"])
def database(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(request.param)
    return found


def plans(database: Database, ask: Ask) -> str:
    """How PostgreSQL carries out what is asked of it, statement by statement, whatever the values are."""
    asked: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    try:
        with database.transaction() as connection:
            unit = UnitOfWork(service(), connection, CLOCK.now(), CLOCK.machine())
            ask(Context(unit, origin("a request", sender="shipping", at="")))
            unit.flush()
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", note)
    with database.transaction() as connection:
        return "\n".join(plan(connection, statement) for statement in asked)


def plan(connection: sa.Connection, statement: str) -> str:
    """As the driver prepares it: the same values have the same number."""
    places = dict.fromkeys(re.findall(r"%\(\w+\)s", statement))
    for number, place in enumerate(places, start=1):
        statement = statement.replace(place, f"${number}")
    given = len(places)
    while "%s" in statement:
        given += 1
        statement = statement.replace("%s", f"${given}", 1)
    connection.exec_driver_sql(f"PREPARE asked AS {statement}")
    values = f"({', '.join(['NULL'] * given)})" if given else ""
    lines = connection.exec_driver_sql(f"EXPLAIN EXECUTE asked{values}").scalars().all()
    connection.exec_driver_sql("DEALLOCATE asked")
    return "\n".join(lines)


def shipped_again(context: Context) -> None:
    """A row is changed, another deleted, one inserted, one taken."""
    unit = context.unit
    unit.writes.update(Shipments.table, [{"reference": "1", "state": "shipped"}])
    unit.writes.delete(bus_tables.timers, [{"timer_id": "1"}])
    unit.writes.take(bus_tables.effects, [{"effect_id": "1", "attempts": 1}])
    unit.writes.insert_new(bus_tables.inbox, [{"message_id": "new", "at": 0.0}])
    with pytest.raises(Conflict):  # what is to be planned need not succeed
        unit.flush()


def due_timers(context: Context) -> object:
    """Ten thousand of them."""
    return timers.due(context.unit.connection, bus_tables.timers, context.now - timedelta(days=364, hours=21))


@pytest.mark.parametrize(
    "ask",
    [
        outbox.sweep,
        effects.sweep,
        dead_letters.due,
        due_timers,
        lambda context: look(context.unit.connection, bus_tables),
        lambda context: timers.next_due(context.unit.connection, bus_tables.timers),
        lambda context: timers.DueTimers().claim(context.unit, ["1", "2"]),
        lambda context: effects.Effects().claim(context.unit, ["1", "2"]),
        lambda context: effects.not_done(HandToCarrier, "1", context),
        lambda context: outbox.forget(context.unit, ["1", "2"]),
        lambda context: inbox.prune(context.unit),
        shipped_again,
        lambda context: context.store(Shipments).get("1"),
        lambda context: context.store(Shipments).pending(500),
        lambda context: context.store(Shipments).lease_over(context.unit.machine, 500),
        lambda context: is_lease_over(context.unit.connection, context.unit.machine),
        lambda context: context.unit.connection.scalar(ANY_PENDING),
    ],
)
def test_it_finds_its_rows_by_an_index(database: Database, ask: Ask) -> None:
    found = plans(database, ask)
    assert "Index" in found
    assert "Seq Scan" not in found, found


@pytest.mark.parametrize("after", [None, views.cursor(LATEST)])
def test_a_page_of_orders_is_read_in_their_sequence(on_postgresql: OnPostgreSQL, after: str | None) -> None:
    """Not all that there are, to be sorted."""
    orders = on_postgresql(order_metadata)
    found = plans(orders, lambda context: views.page(context.unit.connection, None, 50, after))
    assert "saga_instances_by_age" in found
    assert "Sort" not in found, found


def test_what_is_deleted_is_joined_with_nothing(database: Database) -> None:
    """An outbox is nearly always empty when it is analysed: then any join looks cheap, and was cubic."""
    assert "Join" not in plans(database, lambda context: outbox.forget(context.unit, ["1", "2"]))


def test_a_month_of_due_timers_is_not_sorted_for_every_hundred(full: Database) -> None:
    assert "Sort" not in plans(full, due_timers)
