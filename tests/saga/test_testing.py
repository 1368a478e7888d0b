"""Conversations about a flow: they hold when the flow does so, and fail in words when it does not."""

from collections.abc import Callable

import pytest

from saga.testing import Conversation, given
from tests.saga.trip import (
    CallOff,
    CancelFlight,
    CancelHotel,
    FlightReserved,
    HotelCancelled,
    HotelReserved,
    abandoning,
    booked,
    start,
    trips,
)
from tests.saga.words import ID, TRIP, booking


def test_a_conversation_goes_on_from_what_was_said_before() -> None:
    off = booking().when(HotelReserved(trip_id=ID)).then().when(CallOff(trip_id=ID))
    off.then(becomes=abandoning, sends=[CancelHotel(trip_id=ID), CancelFlight]).when(CallOff(trip_id=ID)).then_ignored()


def test_time_passes_with_a_deadline() -> None:
    started = booking()
    assert (started.when_deadline("reservation").moment.now - started.moment.now).days == 2


Check = Callable[[Conversation], object]


@pytest.mark.parametrize(
    ("check", "sentence"),
    [
        (
            lambda said: said.then(becomes="booked"),
            "trip, on CallOff: expected to become booked, sending nothing; "
            "but it is abandoning, having sent CancelHotel(trip_id='t-1', attempt=1), CancelFlight(trip_id='t-1')",
        ),
        (
            lambda said: said.then(becomes=abandoning, sends=[CancelFlight, CancelHotel]),
            "expected to become abandoning",
        ),
        (lambda said: said.then(becomes=abandoning, sends=[CancelHotel]), "sending CancelHotel; but it is abandoning"),
        (
            lambda said: said.then(becomes=abandoning, sends=[CancelHotel(trip_id=ID, attempt=2), CancelFlight]),
            "sending CancelHotel(trip_id='t-1', attempt=2), CancelFlight; but it is abandoning",
        ),
        (
            lambda said: said.then(sends=[CancelHotel, CancelFlight]),
            "expected to stay, sending CancelHotel, CancelFlight",
        ),
        (lambda said: said.then_ignored(), "expected to ignore it; but it is abandoning"),
        (lambda said: said.then_refused("too late"), "expected to refuse it, saying 'too late'; but it is abandoning"),
        (lambda said: said.then_deferred(), "expected to defer it; but it is abandoning"),
        (lambda said: said.then_contradicts(), "expected a contradiction; but it is abandoning"),
        (lambda said: said.when(CallOff(trip_id=ID)).then(), "expected to stay, sending nothing; but it was ignored"),
        (lambda said: said.when_deadline("lunch"), "abandoning has no deadline 'lunch', only abandoning"),
    ],
)
def test_what_was_not_expected_is_told_in_words(check: Check, sentence: str) -> None:
    with pytest.raises(AssertionError) as failure:
        check(booking().when(CallOff(trip_id=ID)))
    assert sentence in str(failure.value)


@pytest.mark.parametrize(
    ("said", "happened"),
    [
        (booking(), "it is reserving"),
        (given(trips, booked, data=TRIP), "nothing was said yet"),
        (given(trips, booked, data=TRIP).when(CallOff(trip_id=ID)), "it was refused: it is too late"),
        (given(trips, start).when(FlightReserved(trip_id=ID)), "FlightReserved came before trip test was started"),
        (given(trips, booked, data=TRIP).when(HotelCancelled(trip_id=ID)), "contradiction: trip test is booked"),
    ],
)
def test_it_is_told_what_happened_instead_of_nothing(said: Conversation, happened: str) -> None:
    with pytest.raises(AssertionError) as failure:
        said.then_ignored()
    assert f"expected to ignore it; but {happened}" in str(failure.value)


def test_a_refusal_with_another_sentence_is_not_the_expected_one() -> None:
    with pytest.raises(AssertionError):
        given(trips, booked, data=TRIP).when(CallOff(trip_id=ID)).then_refused("no such trip")
