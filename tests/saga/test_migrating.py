"""Instances under way are migrated: in the database, with their deadlines, history and audit."""

from typing import Any

import pytest
import sqlalchemy as sa

from bus import operator_view, rescheduling
from saga import migrating
from saga.keeping import Keeper
from saga.migrating import Batch
from saga.row import Row, after, stays
from tests.databases import OpenDatabase
from tests.saga.next_revision import next_revision
from tests.saga.trip import (
    BookTrip,
    CallOff,
    FlightReserved,
    HotelReserved,
    TripBooked,
    abandoning,
    needs_help,
    reserving,
    trips,
)
from tests.saga.trip_service import Trips, armed, bus_tables, history, saga_tables
from tests.saga.versions import (
    BY,
    DAY,
    booking,
    deployed,
    everything,
    fates,
    find,
    look,
    migrate,
    nudge,
    renamed,
    rows,
    version,
)
from tests.saga.words import ID
from tests.service_bench import ServiceBench


@pytest.fixture
def bench(open_database: OpenDatabase) -> ServiceBench:
    return ServiceBench(version(trips), open_database)


def test_a_dry_run_tells_and_changes_nothing(bench: ServiceBench) -> None:
    bench.tell(BookTrip(trip_id="a"))
    bench.tell(BookTrip(trip_id="b"))
    bench.tell(CallOff(trip_id="b"))
    newer = deployed(bench, renamed)
    before = everything(newer)
    told = look(newer, renamed)
    assert fates(told) == [("a", "reserving", "booking"), ("b", "abandoning", "abandoning")]
    assert everything(newer) == before
    assert fates(migrate(newer, renamed)) == fates(told)


def test_a_migration_is_kept_with_its_history_and_audit(bench: ServiceBench) -> None:
    bench.tell(BookTrip(trip_id=ID))
    newer = deployed(bench, renamed)
    migrate(newer, renamed)
    found = find(newer, renamed)
    assert (found.revision, found.state, found.steps) == (2, "booking", 2)
    line = history(newer, ID)[-1]
    assert (line["from"], line["to"], line["because"]) == ("reserving", "booking", "migrated from revision 1 to 2")
    assert (line["author"], line["reason"]) == ("ann", "a new table")
    with newer.database.snapshot() as connection:
        ((_, action),) = operator_view.actions(connection, newer.service, None, 10)
    assert (action["author"], action["reason"], action["action"], action["target"]) == (
        "ann",
        "a new table",
        "flow.migrate",
        ID,
    )
    assert action["detail"] == "trip: reserving of revision 1, now booking of revision 2"


def test_who_was_migrated_goes_on_by_the_new_table(bench: ServiceBench) -> None:
    bench.tell(BookTrip(trip_id=ID))
    bench.tell(HotelReserved(trip_id=ID))
    newer = deployed(bench, renamed)
    migrate(newer, renamed)
    assert [name for name, _ in newer.tell(FlightReserved(trip_id=ID))] == [TripBooked.wire_name]
    assert armed(newer) == []


def test_a_second_run_finds_nothing_to_do(bench: ServiceBench) -> None:
    bench.tell(BookTrip(trip_id=ID))
    newer = deployed(bench, renamed)
    migrate(newer, renamed)
    before = everything(newer)
    assert fates(migrate(newer, renamed)) == []
    assert everything(newer) == before


def test_batches_make_up_the_whole(bench: ServiceBench) -> None:
    """Those that are refused or stay are not asked again in the same run."""
    for trip_id in "abcde":
        bench.tell(BookTrip(trip_id=trip_id))
    bench.tell(CallOff(trip_id="b"))
    flow = next_revision(trips, {reserving: booking}, states={reserving: booking, abandoning: stays})
    newer = deployed(bench, flow)
    found: list[tuple[str, str, str]] = []
    last: str | None = None
    sizes = []
    while True:
        batch = migrate(newer, flow, 2, last)
        found += fates(batch)
        sizes.append(len(batch.fates))
        last = batch.last
        if last is None:
            break
    assert sizes == [2, 2, 1]
    assert [trip for trip, _, _ in found] == list("abcde")
    assert [row.revision for row in rows(newer, saga_tables.instances)] == [2, 1, 2, 2, 2]


def test_who_moved_meanwhile_is_taken_as_he_is_now(bench: ServiceBench) -> None:
    """Between the dry run and the run; and in one transaction with the run."""
    bench.tell(BookTrip(trip_id=ID))
    newer = deployed(bench, renamed)
    assert fates(look(newer, renamed)) == [(ID, "reserving", "booking")]

    def at_once(context: Any) -> Batch:
        context.handle(CallOff(trip_id=ID))
        return migrating.migrate(Keeper(renamed, Trips), context, BY, 100)

    assert fates(newer.call(at_once)) == [(ID, "abandoning", "abandoning")]
    assert armed(newer) == [(ID, "abandoning", bench.clock.now() + DAY)]
    bench.clock.advance(DAY)
    newer.fire_timers()
    assert find(newer, renamed).state == "needs_help/abandoning"


# --- deadlines


def test_a_deadline_of_the_same_name_keeps_its_due_time(bench: ServiceBench) -> None:
    """Though an operator has moved it; and what waits for it has its new name."""
    bench.tell(BookTrip(trip_id=ID))
    due = bench.clock.now() + 3 * DAY
    (timer,) = rows(bench, bus_tables.timers)
    bench.call(lambda context: rescheduling.postpone(context, timer.timer_id, lambda _: due, BY))
    bench.clock.advance(DAY)
    newer = deployed(bench, renamed)
    migrate(newer, renamed)
    (kept,) = rows(newer, bus_tables.timers)
    assert (kept.timer_id, kept.due_at, kept.wakes) == (timer.timer_id, due, "trip in booking")
    newer.clock.advance(2 * DAY)
    newer.fire_timers()
    assert find(newer, renamed).state == "needs_help/booking"


def test_deadlines_that_come_with_the_new_table_begin_now_and_those_that_go_are_gone(bench: ServiceBench) -> None:
    bench.tell(BookTrip(trip_id=ID))
    bench.clock.advance(DAY)
    anew = Row(booking, after("answer", days=5), needs_help)
    others = [row for row in trips.rows if str(row.when) != "reservation: 2 days"]
    flow = next_revision(trips, {reserving: booking}, first=[nudge, anew], rows=others)
    newer = deployed(bench, flow)
    migrate(newer, flow)
    now = newer.clock.now()
    assert armed(newer) == [(ID, "nudge", now + DAY / 4), (ID, "answer", now + 5 * DAY)]


def test_a_deadline_that_has_gone_off_is_not_armed_again(bench: ServiceBench) -> None:
    first = next_revision(trips, {reserving: booking}, first=[nudge])
    before = deployed(bench, first)
    before.tell(BookTrip(trip_id=ID))
    before.clock.advance(DAY)
    before.fire_timers()
    second = next_revision(first, {})
    newer = deployed(bench, second)
    migrate(newer, second)
    assert [name for _, name, _ in armed(newer)] == ["reservation"]


def test_nobody_is_left_asleep(bench: ServiceBench) -> None:
    """If the only deadline is gone, whyever, it is armed anew."""
    bench.tell(BookTrip(trip_id=ID))
    with bench.database.transaction() as connection:
        connection.execute(sa.delete(bus_tables.timers))
    newer = deployed(bench, renamed)
    migrate(newer, renamed)
    assert armed(newer) == [(ID, "reservation", newer.clock.now() + 2 * DAY)]


def test_a_deadline_of_the_old_table_that_goes_off_all_the_same_is_a_no_op(bench: ServiceBench) -> None:
    """Another replica had it in hand while the instance was migrated."""
    first = next_revision(trips, {reserving: booking}, first=[nudge])
    before = deployed(bench, first)
    before.tell(BookTrip(trip_id=ID))
    (stale,) = [row for row in rows(before, bus_tables.timers) if row.name == "nudge"]
    second = next_revision(first, {}, rows=[row for row in first.rows if row is not nudge])
    newer = deployed(bench, second)
    migrate(newer, second)
    with newer.database.transaction() as connection:
        connection.execute(bus_tables.timers.insert().values({**stale._mapping, "due_at": newer.clock.now()}))
    found = find(newer, second)
    newer.fire_timers()
    assert find(newer, second) == found
    assert newer.dead_letters() == []
