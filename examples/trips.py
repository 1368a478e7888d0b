"""A flow of one's own: a room is reserved for a trip, and released again if the hotel says nothing for two days."""

# ruff: noqa: E501, E701 - the table is wide, the words are short

import sqlalchemy as sa
from pydantic import BaseModel

from bus.message import Command, Event
from bus.service import Service
from bus.tables import BusTables
from saga.flow import Flow
from saga.keeping import Keeper, handlers
from saga.row import (
    Row,
    after,
    after_start,
    anything_else,
    deferred,
    every_undo_confirmed,
    ignored,
    late,
    stays,
    undo_all,
)
from saga.state import Kind, State
from saga.store import Instances
from saga.tables import SagaTables
from saga.testing import given
from saga.undo import Undo


# fmt: off
class Trip(BaseModel): trip: str
class BookTrip(Command, owner="trips", key="trip"): trip: str
class TripBooked(Event, owner="trips", key="trip"): trip: str
class ReserveRoom(Command, owner="hotel", key="trip"): trip: str
class ReleaseRoom(Command, owner="hotel", key="trip"): trip: str
class RoomReserved(Event, owner="hotel", key="trip"): trip: str
class RoomReleased(Event, owner="hotel", key="trip"): trip: str
class HotelFull(Event, owner="hotel", key="trip"): trip: str


def reserve_room(trip: Trip) -> ReserveRoom: return ReserveRoom(trip=trip.trip)
def trip_booked(trip: Trip) -> TripBooked: return TripBooked(trip=trip.trip)


start, reserving, undoing = State("start", kind=Kind.START), State("reserving"), State("undoing")
booked, given_up = State("booked", kind=Kind.END), State("given_up", kind=Kind.END)
release_room = Undo(
    ReleaseRoom, lambda trip, _: ReleaseRoom(trip=trip.trip),
    of=ReserveRoom, truth=RoomReserved, refused_by=(HotelFull,), confirmed_by=(RoomReleased,),
)
trips = Flow("trip", revision=1, data=Trip, begins={BookTrip: lambda book, _: Trip(trip=book.trip)}, undos=[release_room], rows=[
    Row(start,       BookTrip,                      reserving, sends=[reserve_room], undo=[release_room]),
    Row(start,       anything_else,                 deferred),
    Row(reserving,   RoomReserved,                  booked,    sends=[trip_booked], pivot=True),
    Row(reserving,   HotelFull,                     given_up),
    Row(reserving,   after("hotel", days=2),        undoing,   sends=[undo_all]),
    Row(undoing,     RoomReserved,                  late),
    Row(undoing,     RoomReleased,                  stays),
    Row(undoing,     every_undo_confirmed(),        given_up),
    Row(undoing,     after("release", days=30),     given_up),
    Row(given_up,    RoomReserved,                  late),
    Row(after_start, anything_else,                 ignored),
])  # what is forgotten here, the flow says when it is built
# fmt: on

metadata = sa.MetaData()


class Trips(Instances):
    tables = SagaTables(metadata)


service = Service("trips", metadata, BusTables(metadata), handlers(Keeper(trips, Trips)))

asked = given(trips, start).when(BookTrip(trip="t-1")).then(becomes=reserving, sends=[ReserveRoom])
late_hotel = asked.when_deadline("hotel").then(becomes=undoing, sends=[ReleaseRoom])
late_hotel.when(RoomReleased(trip="t-1")).then(becomes=given_up)
