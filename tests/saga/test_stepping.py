"""One step of a flow: joins, human tasks, variants, and what is said about messages that do not fit."""

import pytest
from pydantic import BaseModel

from bus.message import Message
from saga.flow import Flow
from saga.row import Row, after, all_of, any_state, anything_else, ignored
from saga.state import Kind, State
from saga.testing import given
from tests.saga.trip import (
    BookTrip,
    CallOff,
    CancelFlight,
    CancelHotel,
    FlightCancelled,
    FlightReserved,
    HotelCancelled,
    HotelReserved,
    ReserveFlight,
    ReserveHotel,
    TripAbandoned,
    TripBooked,
    TryAgain,
    booked,
    start,
    trips,
)
from tests.saga.words import ID, TRIP, booking, flight, hotel

HOTEL, FLIGHT = HotelReserved(trip_id=ID), FlightReserved(trip_id=ID)


@pytest.mark.parametrize(("first", "second"), [(HOTEL, FLIGHT), (FLIGHT, HOTEL)])
def test_a_forward_join_holds_once_both_were_heard_in_any_sequence(first: Message, second: Message) -> None:
    booking().when(first).then().when(second).then(becomes=booked, sends=[TripBooked(trip_id=ID)])


@pytest.mark.parametrize(("first", "second"), [(HOTEL, FLIGHT), (FLIGHT, HOTEL)])
def test_a_repeated_message_does_not_make_up_for_the_other(first: Message, second: Message) -> None:
    booking().when(first).then().when(first).then_ignored().when(second).then(becomes=booked, sends=[TripBooked])


def test_what_was_heard_in_another_state_does_not_count_for_a_join() -> None:
    again = booking().when(HOTEL).then().when(CallOff(trip_id=ID)).instance
    assert again.heard == ()


def test_a_human_task_hears_what_the_state_hears_that_it_came_from() -> None:
    task = booking().when_deadline("reservation").then(becomes="needs_help/reserving")
    task.when(HOTEL).then().when(FLIGHT).then(becomes=booked, sends=[TripBooked])
    task.when(CallOff(trip_id=ID)).then(becomes="abandoning", sends=[CancelHotel, CancelFlight])
    task.when(BookTrip(trip_id=ID)).then_ignored()
    task.when(HotelCancelled(trip_id=ID)).then_contradicts()


@pytest.mark.parametrize(("first", "second"), [(HOTEL, FLIGHT), (FLIGHT, HOTEL)])
def test_a_human_task_remembers_what_was_heard_before_it(first: Message, second: Message) -> None:
    task = booking().when(first).then().when_deadline("reservation").then(becomes="needs_help/reserving")
    task.when(second).then(becomes=booked, sends=[TripBooked])


def test_a_retry_remembers_what_was_heard_before_it() -> None:
    task = booking().when_deadline("reservation").when(HOTEL).then()
    retried = task.when(TryAgain(trip_id=ID)).then(becomes="reserving", sends=[ReserveHotel, ReserveFlight])
    retried.when(FLIGHT).then(becomes=booked, sends=[TripBooked])


def test_a_row_that_leads_on_ends_the_human_task() -> None:
    task = (
        booking()
        .when(CallOff(trip_id=ID))
        .when_deadline("abandoning")
        .then(becomes="needs_help/abandoning", sends=[CancelHotel, CancelFlight])
    )
    task = task.when(HotelCancelled(trip_id=ID)).then()
    task.when(FlightCancelled(trip_id=ID)).then(becomes="abandoned", sends=[TripAbandoned])


def test_a_human_task_has_no_deadline() -> None:
    assert trips.deadlines("needs_help/reserving") == ()


def test_a_retry_gives_a_deadline_anew() -> None:
    task = booking().when_deadline("reservation")
    retried = task.when(TryAgain(trip_id=ID)).then(becomes="reserving", sends=[ReserveHotel, ReserveFlight])
    assert retried.instance.generation == task.instance.generation + 1
    retried.when_deadline("reservation").then(becomes="needs_help/reserving")


class Pot(BaseModel):
    pass


slow, fast = State("cooking", "slow"), State("cooking", "fast")
done = State("done", kind=Kind.END)
burnt = State("burnt", kind=Kind.HUMAN)
pots = Flow(
    "pot",
    revision=1,
    data=Pot,
    begins={BookTrip: lambda *_: Pot()},
    rows=[
        Row(start, BookTrip, slow),
        Row(slow, CallOff, fast),
        Row(fast, CallOff, done),
        Row((slow, fast), after("dinner", hours=1), burnt),
        Row((slow, fast), all_of(HotelReserved, FlightReserved), done),
        Row(any_state, anything_else, ignored),
    ],
)


def test_a_change_of_variant_keeps_generation_and_what_was_heard() -> None:
    cooking = given(pots, start).when(BookTrip(trip_id=ID)).then(becomes=slow)
    faster = cooking.when(HOTEL).then().when(CallOff(trip_id=ID)).then(becomes=fast)
    assert faster.instance.generation == cooking.instance.generation
    assert pots.deadlines(slow.label) == pots.deadlines(fast.label)
    faster.when(FLIGHT).then(becomes=done)


def test_a_change_of_variant_within_a_human_task_stays_a_task() -> None:
    task = given(pots, slow, data=Pot()).when_deadline("dinner").then(becomes="burnt/cooking/slow")
    other = task.when(CallOff(trip_id=ID)).then(becomes="burnt/cooking/fast")
    assert other.instance.generation == task.instance.generation
    other.when(CallOff(trip_id=ID)).then(becomes=done)


def test_what_comes_before_the_start_is_deferred() -> None:
    given(trips, start).when(HOTEL).then_deferred().when(BookTrip(trip_id=ID)).then(
        becomes="reserving", sends=[ReserveHotel, ReserveFlight]
    )


def test_a_contradiction_names_flow_instance_state_and_message() -> None:
    said = booking().when(HotelCancelled(trip_id=ID)).then_contradicts()
    assert str(said.outcome) == "contradiction: trip test is reserving, yet HotelCancelled"


def test_what_is_ignored_or_contradicts_changes_nothing() -> None:
    ended = given(trips, "booked", data=TRIP, undos=[hotel("dropped"), flight("dropped")])
    said = ended.when(BookTrip(trip_id=ID)).then_ignored().when(HOTEL).then_contradicts()
    assert said.when(CallOff(trip_id=ID)).then_refused("too late").instance == ended.instance
