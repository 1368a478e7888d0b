"""A flow on the bus: its instances, deadlines and history in the database."""

from datetime import timedelta

import pytest

from saga.undo import UndoEntry
from tests.databases import OpenDatabase
from tests.saga.trip import (
    BookTrip,
    CallOff,
    FlightCancelled,
    FlightFull,
    FlightReserved,
    HotelCancelled,
    HotelReserved,
    Trip,
    TryAgain,
)
from tests.saga.trip_service import armed, batch, find, history, incoming, retry, service
from tests.saga.words import ID, flight, hotel
from tests.service_bench import ServiceBench

DAY = timedelta(days=1)
RESERVE = ["hotel.reserve-hotel.v1", "flight.reserve-flight.v1"]
CANCEL = ["hotel.cancel-hotel.v1", "flight.cancel-flight.v1"]


@pytest.fixture
def bench(open_database: OpenDatabase) -> ServiceBench:
    return ServiceBench(service, open_database)


def names(said: list[tuple[str, dict[str, object]]]) -> list[str]:
    return [name for name, _ in said]


def test_an_instance_is_stored_as_it_was(bench: ServiceBench) -> None:
    assert names(bench.tell(BookTrip(trip_id=ID))) == RESERVE
    bench.tell(HotelReserved(trip_id=ID))
    found = find(bench, ID)
    assert (found.state, found.revision, found.steps, found.heard) == ("reserving", 1, 2, ("HotelReserved",))
    assert found.data == Trip(trip_id=ID)
    assert found.undos == (hotel("recorded"), flight("recorded"))
    assert all(isinstance(entry, UndoEntry) for entry in found.undos)
    assert found.created_at == found.updated_at == bench.clock.now()


def test_a_deadline_is_armed_on_entry_and_gone_on_leaving(bench: ServiceBench) -> None:
    bench.tell(BookTrip(trip_id=ID))
    assert armed(bench) == [(ID, "reservation", bench.clock.now() + 2 * DAY)]
    bench.tell(HotelReserved(trip_id=ID))
    assert armed(bench) == [(ID, "reservation", bench.clock.now() + 2 * DAY)]
    bench.tell(FlightReserved(trip_id=ID))
    assert armed(bench) == []


def test_the_next_state_has_a_deadline_of_its_own(bench: ServiceBench) -> None:
    bench.tell(BookTrip(trip_id=ID))
    bench.clock.advance(timedelta(hours=5))
    bench.tell(CallOff(trip_id=ID))
    assert armed(bench) == [(ID, "abandoning", bench.clock.now() + DAY)]


def test_a_state_passed_within_one_step_arms_nothing(bench: ServiceBench) -> None:
    bench.tell(BookTrip(trip_id=ID))
    batch(bench, FlightFull(trip_id=ID), HotelCancelled(trip_id=ID))
    assert find(bench, ID).state == "abandoned"
    assert armed(bench) == []


def test_a_deadline_fires_once_it_is_due_and_not_before(bench: ServiceBench) -> None:
    bench.tell(BookTrip(trip_id=ID))
    bench.clock.advance(2 * DAY - timedelta(microseconds=1))
    bench.fire_timers()
    assert find(bench, ID).state == "reserving"
    bench.clock.advance(timedelta(microseconds=1))
    bench.fire_timers()
    assert find(bench, ID).state == "needs_help/reserving"
    assert armed(bench) == []
    assert history(bench, ID)[-1]["because"] == "reservation: 2 days are over"


def test_a_deadline_says_what_its_row_sends(bench: ServiceBench) -> None:
    bench.tell(BookTrip(trip_id=ID))
    bench.tell(CallOff(trip_id=ID))
    bench.clock.advance(DAY)
    assert names(bench.fire_timers()) == CANCEL


def test_a_stale_deadline_is_a_no_op(bench: ServiceBench) -> None:
    bench.tell(BookTrip(trip_id=ID))
    timers = service.tables.timers
    with bench.database.snapshot() as connection:
        stale = dict(connection.execute(timers.select()).mappings().one())
    bench.tell(CallOff(trip_id=ID))
    with bench.database.transaction() as connection:
        connection.execute(timers.insert().values({**stale, "due_at": bench.clock.now()}))
    before = find(bench, ID)
    assert bench.fire_timers() == []
    assert find(bench, ID) == before
    assert [name for _, name, _ in armed(bench)] == ["abandoning"]


def test_a_retry_gives_a_deadline_anew_from_now(bench: ServiceBench) -> None:
    bench.tell(BookTrip(trip_id=ID))
    bench.clock.advance(2 * DAY)
    bench.fire_timers()
    bench.clock.advance(5 * DAY)
    bench.tell(TryAgain(trip_id=ID))
    assert armed(bench) == [(ID, "reservation", bench.clock.now() + 2 * DAY)]


def test_the_generation_counts_the_states_that_were_entered(bench: ServiceBench) -> None:
    bench.tell(BookTrip(trip_id=ID))
    bench.tell(HotelReserved(trip_id=ID))
    assert find(bench, ID).generation == 1
    bench.tell(CallOff(trip_id=ID))
    assert find(bench, ID).generation == 2


def test_the_history_replayed_gives_the_row(bench: ServiceBench) -> None:
    told = [BookTrip, HotelReserved, CallOff, HotelCancelled, FlightCancelled]
    for message, message_id in zip(told, "abcde", strict=True):
        bench.tell(message(trip_id=ID), message_id=message_id)
    rows = history(bench, ID)
    assert [(row["from"], row["to"], row["because"], row["message_id"]) for row in rows] == [
        ("start", "reserving", "BookTrip", "a"),
        ("reserving", "reserving", "HotelReserved", "b"),
        ("reserving", "abandoning", "CallOff", "c"),
        ("abandoning", "abandoning", "HotelCancelled", "d"),
        ("abandoning", "abandoning", "FlightCancelled", "e"),
        ("abandoning", "abandoned", "every undo confirmed", "e"),
    ]
    assert [row["sent"] for row in rows if row["sent"]] == [
        ["ReserveHotel", "ReserveFlight"],
        ["CancelHotel", "CancelFlight"],
        ["TripAbandoned"],
    ]
    found = find(bench, ID)
    assert (found.state, found.steps) == (rows[-1]["to"], len(rows))


def test_two_instances_in_one_batch_do_not_mix(bench: ServiceBench) -> None:
    said = batch(bench, BookTrip(trip_id="a"), BookTrip(trip_id="b"), CallOff(trip_id="a"), HotelReserved(trip_id="b"))
    assert said == [*RESERVE, *RESERVE, *CANCEL]
    assert (find(bench, "a").state, find(bench, "b").state) == ("abandoning", "reserving")
    assert {(trip, name) for trip, name, _ in armed(bench)} == {("a", "abandoning"), ("b", "reservation")}
    assert [len(history(bench, trip)) for trip in "ab"] == [2, 2]


def test_a_duplicate_is_handled_once(bench: ServiceBench) -> None:
    bench.tell(BookTrip(trip_id=ID), message_id="one")
    assert bench.tell(BookTrip(trip_id=ID), message_id="one") == []
    assert len(history(bench, ID)) == 1


def test_a_contradiction_is_parked_with_its_cause_and_hurts_nobody_else(bench: ServiceBench) -> None:
    bench.tell(BookTrip(trip_id=ID))
    works = [incoming(bench, HotelCancelled(trip_id=ID), "odd"), incoming(bench, CallOff(trip_id=ID), "fine")]
    bench.journey.process(works)
    (letter,) = bench.dead_letters()
    assert letter.status == "parked"
    assert letter.cause == f"contradiction: trip {ID} is reserving, yet HotelCancelled"
    assert find(bench, ID).state == "abandoning"


def test_what_came_before_the_start_is_handled_after_it(bench: ServiceBench) -> None:
    assert bench.tell(FlightReserved(trip_id=ID)) == []
    (letter,) = bench.dead_letters()
    assert (letter.status, letter.cause) == ("retrying", f"FlightReserved came before trip {ID} was started")
    bench.tell(BookTrip(trip_id=ID))
    assert retry(bench, after=timedelta(seconds=0.9)) == []
    assert find(bench, ID).heard == ()
    retry(bench, after=timedelta(seconds=0.1))
    assert find(bench, ID).heard == ("FlightReserved",)
    assert [letter.status for letter in bench.dead_letters()] == ["redriven"]


def test_what_never_gets_its_start_is_parked_in_the_end(bench: ServiceBench) -> None:
    bench.tell(FlightReserved(trip_id=ID))
    for _ in range(9):
        retry(bench, after=timedelta(minutes=10))
    (letter,) = bench.dead_letters()
    assert (letter.status, letter.attempts) == ("parked", 10)


def test_a_retry_after_everything_else_is_judged_by_the_state_that_is_there_now(bench: ServiceBench) -> None:
    bench.tell(FlightReserved(trip_id=ID))
    bench.tell(BookTrip(trip_id=ID))
    bench.tell(CallOff(trip_id=ID))
    bench.tell(HotelCancelled(trip_id=ID))
    bench.tell(FlightCancelled(trip_id=ID))
    assert retry(bench, after=timedelta(seconds=1)) == []
    assert find(bench, ID).state == "abandoned"
