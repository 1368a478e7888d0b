"""One replica migrates an instance while another one hears of it: the second sees what the first did."""

from collections.abc import Callable

import pytest

from bus import timers
from bus.audit import Instruction
from bus.journey import Journey
from bus.timers import DueTimers
from saga.keeping import Keeper
from saga.migrating import migrate
from tests.isolation.conftest import Open
from tests.isolation.replicas import Replicas, again, calling, handling
from tests.saga import versions
from tests.saga.trip import BookTrip, CallOff, trips
from tests.saga.trip_service import Trips, bus_tables, saga_tables
from tests.saga.versions import DAY, fates, renamed

ID = "t-1"
BY = Instruction(author="ann", reason="a new table")


@pytest.fixture
def two(replicas_of: Open) -> Replicas:
    """Two replicas of the version that knows both revisions, and a trip of the first."""
    replicas = replicas_of(versions.version(renamed))
    Journey(versions.version(trips), replicas.database, replicas.clock).process(
        replicas.incoming(BookTrip(trip_id=ID), prefix="book")
    )
    return replicas


def migrating() -> Callable[[Journey], list[tuple[str, str, str]]]:
    run = calling(lambda context: migrate(Keeper(renamed, Trips), context, BY, 100))
    return lambda journey: fates(run(journey))


def instance(two: Replicas) -> tuple[int, str]:
    (row,) = two.rows(saga_tables.instances)
    return row.revision, row.state


def steps(two: Replicas) -> list[int]:
    return sorted(row.step for row in two.rows(saga_tables.history))


def test_who_is_about_to_move_is_waited_for_and_taken_as_he_is_then(two: Replicas) -> None:
    met = two.meet(handling(two.incoming(CallOff(trip_id=ID), prefix="off")), migrating())
    assert met.waited
    assert met.second == [(ID, "abandoning", "abandoning")]
    assert (instance(two), steps(two)) == ((2, "abandoning"), [1, 2, 3])


def test_who_is_about_to_be_migrated_moves_by_the_new_table(two: Replicas) -> None:
    met = two.meet(migrating(), handling(two.incoming(CallOff(trip_id=ID), prefix="off")))
    assert met.waited
    assert (instance(two), steps(two)) == ((2, "abandoning"), [1, 2, 3])
    assert two.rows(bus_tables.dead_letters) == []


def test_two_who_migrate_at_once_do_it_once(two: Replicas) -> None:
    met = two.meet(migrating(), migrating())
    assert met.waited
    assert met.both == ([(ID, "reserving", "booking")], [])
    assert (instance(two), steps(two)) == ((2, "booking"), [1, 2])


def test_a_deadline_that_goes_off_meanwhile_counts(two: Replicas) -> None:
    """Whoever fires it holds its row and waits for the instance: whoever migrates does not wait for it."""
    two.clock.advance(2 * DAY)
    with two.database.snapshot() as connection:
        due = timers.due(connection, bus_tables.timers, two.clock.now())
    with two.database.transaction() as firing:
        firing.execute(bus_tables.timers.select().with_for_update())
        assert migrating()(two.journey) == [(ID, "reserving", "booking")]
    again(due, DueTimers(), two.service)(two.journey)
    assert (instance(two), steps(two)) == ((2, "needs_help/booking"), [1, 2, 3])
    assert two.rows(bus_tables.timers) == []
