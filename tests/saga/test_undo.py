"""Compensation: what is recorded, dropped, sent and confirmed."""

import pytest

from bus.message import Message
from saga.testing import given
from saga.undo import UndoEntry
from tests.saga.trip import (
    CallOff,
    CancelFlight,
    CancelHotel,
    FlightCancelled,
    FlightFull,
    FlightReserved,
    HotelCancelled,
    HotelFull,
    HotelReserved,
    ReserveHotel,
    Trip,
    TripAbandoned,
    TripBooked,
    trips,
)
from tests.saga.words import ID, TRIP, booking, flight, hotel

RECORDED = (hotel("recorded"), flight("recorded"))


def test_an_undo_is_recorded_when_its_command_is_sent() -> None:
    assert booking().instance.undos == RECORDED


def test_a_refusal_drops_the_undo() -> None:
    refused = booking().when(FlightFull(trip_id=ID)).then(becomes="abandoning", sends=[CancelHotel])
    assert refused.instance.undos == (hotel("sent"), flight("dropped"))


def test_a_refusal_drops_the_undo_of_the_repeat_that_it_speaks_of() -> None:
    again = booking().when(HotelFull(trip_id=ID, attempt=1)).then(sends=[ReserveHotel(trip_id=ID, attempt=2)])
    assert again.instance.undos == (hotel("dropped", 1), flight("recorded"), hotel("recorded", 2))


def test_an_answer_that_names_no_repeat_speaks_of_the_current_one() -> None:
    second = given(trips, "reserving", data=Trip(trip_id=ID, attempt=2), undos=[hotel("dropped"), hotel("recorded", 2)])
    third = second.when(HotelFull(trip_id=ID))
    assert third.instance.undos == (hotel("dropped"), hotel("dropped", 2))


def test_the_pivot_drops_every_undo() -> None:
    both = booking().when(HotelReserved(trip_id=ID)).then().when(FlightReserved(trip_id=ID))
    both.then(becomes="booked", sends=[TripBooked])
    assert both.instance.undos == (hotel("dropped"), flight("dropped"))


@pytest.mark.parametrize("undos", [RECORDED, RECORDED[::-1]])
def test_undo_all_sends_what_is_recorded_in_that_sequence(undos: tuple[UndoEntry, ...]) -> None:
    commands = {"CancelHotel": CancelHotel(trip_id=ID, attempt=1), "CancelFlight": CancelFlight(trip_id=ID)}
    off = given(trips, "reserving", data=TRIP, undos=undos).when(CallOff(trip_id=ID))
    off.then(becomes="abandoning", sends=[commands[entry.undo] for entry in undos])


def test_with_nothing_to_undo_the_flow_ends_in_the_same_step_with_two_history_rows() -> None:
    off = given(trips, "reserving", data=TRIP, undos=[hotel("recorded")]).when(HotelFull(trip_id=ID, attempt=1))
    off = off.then(sends=[ReserveHotel]).when(HotelFull(trip_id=ID, attempt=2))
    made = off.then(becomes="abandoned", sends=[TripAbandoned]).outcome
    assert [(row.from_state, row.to_state, row.because, row.sent) for row in made.history] == [  # type: ignore[union-attr]
        ("reserving", "abandoning", "HotelFull", []),
        ("abandoning", "abandoned", "every undo confirmed", ["TripAbandoned"]),
    ]
    assert off.instance.steps == 3
    assert off.instance.generation == 2


def test_the_flow_ends_with_the_last_confirmation_and_not_before() -> None:
    off = booking().when(CallOff(trip_id=ID)).then(becomes="abandoning", sends=[CancelHotel, CancelFlight])
    off = off.when(HotelCancelled(trip_id=ID)).then().when(HotelCancelled(trip_id=ID)).then_ignored()
    off.when(FlightCancelled(trip_id=ID)).then(becomes="abandoned", sends=[TripAbandoned])


def test_a_deadline_sends_unconfirmed_undos_again_and_no_others() -> None:
    off = booking().when(CallOff(trip_id=ID)).when(HotelCancelled(trip_id=ID))
    off.when_deadline("abandoning").then(becomes="needs_help/abandoning", sends=[CancelFlight])


@pytest.mark.parametrize(
    ("truth", "command"),
    [
        (HotelReserved(trip_id=ID), CancelHotel(trip_id=ID, attempt=1)),
        (FlightReserved(trip_id=ID), CancelFlight(trip_id=ID)),
    ],
)
def test_a_late_truth_is_answered_with_its_undo_once_and_only_once(truth: Message, command: Message) -> None:
    ended = given(trips, "abandoned", data=TRIP, undos=[hotel("dropped"), flight("dropped")])
    ended.when(truth).then(sends=[command]).when(truth).then_ignored().when(truth).then_ignored()


@pytest.mark.parametrize("status", ["sent", "confirmed"])
def test_a_late_truth_whose_undo_was_sent_is_ignored(status: str) -> None:
    ended = given(trips, "abandoning", data=TRIP, undos=[hotel(status), flight("sent")])
    ended.when(HotelReserved(trip_id=ID)).then_ignored()


def test_a_late_truth_of_another_repeat_is_answered_for_that_repeat() -> None:
    ended = given(trips, "abandoned", data=Trip(trip_id=ID, attempt=2), undos=[hotel("dropped"), hotel("confirmed", 2)])
    ended.when(HotelReserved(trip_id=ID, attempt=1)).then(sends=[CancelHotel(trip_id=ID, attempt=1)])


def test_what_was_confirmed_is_not_opened_by_a_refusal() -> None:
    off = given(trips, "abandoning", data=TRIP, undos=[hotel("confirmed"), flight("sent")])
    assert off.when(HotelFull(trip_id=ID)).then_ignored().instance.undos == (hotel("confirmed"), flight("sent"))
