"""Instances of several revisions side by side, and versions that do not know them all."""

from datetime import timedelta

import pytest

from bus.errors import Unfit
from saga.flow import Flow
from saga.row import Row
from tests.databases import OpenDatabase
from tests.saga.next_revision import next_revision
from tests.saga.trip import (
    BookTrip,
    CallOff,
    FlightCancelled,
    FlightFull,
    FlightReserved,
    HotelCancelled,
    HotelReserved,
    abandoning,
    reserving,
    trips,
)
from tests.saga.trip_service import retry, saga_tables
from tests.saga.versions import DAY, HotelClosed, check, deployed, fates, find, migrate, renamed, rows, version
from tests.saga.words import ID, hotel
from tests.service_bench import ServiceBench


@pytest.fixture
def bench(open_database: OpenDatabase) -> ServiceBench:
    return ServiceBench(version(trips), open_database)


def test_an_instance_goes_on_by_the_revision_that_it_began_with(bench: ServiceBench) -> None:
    """Its messages, deadlines and undo; new ones begin with the newest."""
    bench.tell(BookTrip(trip_id="old"))
    newer = deployed(bench, renamed)
    newer.tell(BookTrip(trip_id="new"))
    assert [(i.revision, i.state) for i in (find(newer, renamed, "old"), find(newer, renamed, "new"))] == [
        (1, "reserving"),
        (2, "booking"),
    ]
    newer.tell(HotelReserved(trip_id="old"))
    newer.clock.advance(2 * DAY)
    newer.fire_timers()
    states = [row.state for row in rows(newer, saga_tables.instances)]
    assert states == ["needs_help/booking", "needs_help/reserving"]


def test_who_has_ended_is_left_alone_and_still_hears_what_comes_late(bench: ServiceBench) -> None:
    bench.tell(BookTrip(trip_id=ID))
    bench.tell(HotelReserved(trip_id=ID))
    bench.tell(FlightReserved(trip_id=ID))
    newer = deployed(bench, renamed)
    assert fates(migrate(newer, renamed)) == []
    assert find(newer, renamed).revision == 1
    newer.tell(BookTrip(trip_id=ID))
    assert newer.dead_letters() == []


def test_who_has_ended_in_a_revision_that_is_known_no_more_is_answered_by_the_oldest_that_is(
    bench: ServiceBench,
) -> None:
    """It is undone as ever, and from then on that is its revision."""
    bench.tell(BookTrip(trip_id=ID))
    bench.tell(CallOff(trip_id=ID))
    bench.tell(HotelCancelled(trip_id=ID))
    bench.tell(FlightFull(trip_id=ID))
    bench.tell(FlightCancelled(trip_id=ID))
    assert find(bench, trips).state == "abandoned"
    alone = Flow("trip", revision=2, data=trips.data, begins=trips.begins, rows=trips.rows, undos=trips.undos)
    newest = deployed(bench, alone)
    check(newest)
    newest.tell(HotelReserved(trip_id=ID, attempt=2))
    found = find(newest, alone)
    assert (found.revision, found.state, found.undos[-1]) == (2, "abandoned", hotel("sent", 2))


def test_a_message_that_the_old_revision_does_not_know_is_kept_until_the_migration(bench: ServiceBench) -> None:
    closed = next_revision(trips, {}, first=[Row(reserving, HotelClosed, abandoning)])
    bench.tell(BookTrip(trip_id=ID))
    newer = deployed(bench, closed)
    newer.tell(HotelClosed(trip_id=ID))
    (letter,) = newer.dead_letters()
    assert (letter.status, "before trip t-1 was migrated" in letter.cause) == ("retrying", True)
    migrate(newer, closed)
    retry(newer, timedelta(seconds=2))
    assert find(newer, closed).state == "abandoning"
    assert [letter.status for letter in newer.dead_letters()] == ["redriven"]


def test_a_replica_of_the_version_before_keeps_what_it_cannot_handle_for_the_newer_ones(bench: ServiceBench) -> None:
    """While replicas are replaced one by one; its deadlines, too."""
    newer = deployed(bench, renamed)
    newer.tell(BookTrip(trip_id=ID))
    before = find(newer, renamed)
    bench.clock.advance(2 * DAY)
    bench.fire_timers()
    bench.tell(HotelReserved(trip_id=ID))
    assert find(newer, renamed) == before
    assert {letter.status for letter in bench.dead_letters()} == {"retrying"}
    retry(newer, timedelta(seconds=2))
    assert find(newer, renamed).state == "needs_help/booking"
    assert {letter.status for letter in bench.dead_letters()} == {"redriven"}


# --- what a start refuses


def test_a_start_is_refused_where_the_code_does_not_know_a_revision(bench: ServiceBench) -> None:
    """What to do is said; for an older revision, and for a newer one."""
    newer = deployed(bench, renamed)
    bench.tell(BookTrip(trip_id="a"))
    bench.tell(BookTrip(trip_id="b"))
    newer.tell(BookTrip(trip_id="c"))
    check(newer)
    with pytest.raises(Unfit) as older:
        check(bench)
    assert str(older.value) == (
        "revision 2 of the flow trip is unknown to this version, which knows 1, and 1 instance of it is under way: "
        "start a version that knows revision 2, which is a newer one"
    )
    alone = Flow("trip", revision=2, data=trips.data, begins=trips.begins, rows=trips.rows, undos=trips.undos)
    with pytest.raises(Unfit) as forgetful:
        check(deployed(bench, alone))
    assert str(forgetful.value) == (
        "revision 1 of the flow trip is unknown to this version, which knows 2, and 2 instances of it are under way: "
        "start a version that knows revision 1 and a later one, and give `minuet flow migrate trip`, or let them end "
        "there"
    )
    migrate(newer, renamed)
    check(deployed(bench, alone))
