"""What the tests say to a trip, and what is recorded of it."""

from saga.testing import Conversation, given
from saga.undo import UndoEntry, UndoStatus
from tests.saga.trip import BookTrip, ReserveFlight, ReserveHotel, Trip, start, trips

ID = "t-1"
TRIP = Trip(trip_id=ID)


def hotel(status: str, number: int = 1) -> UndoEntry:
    return UndoEntry("CancelHotel", number, UndoStatus(status))


def flight(status: str) -> UndoEntry:
    return UndoEntry("CancelFlight", None, UndoStatus(status))


def booking() -> Conversation:
    """A trip whose reservations are under way."""
    started = given(trips, start).when(BookTrip(trip_id=ID))
    return started.then(becomes="reserving", sends=[ReserveHotel(trip_id=ID, attempt=1), ReserveFlight(trip_id=ID)])
