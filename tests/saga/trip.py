"""A tiny flow: a trip needs a hotel and a flight, reserved in any sequence and given back if the other is not to be had."""

# ruff: noqa: E501 - the columns of the table are its meaning
from pydantic import BaseModel

from bus.message import Command, Event, Local
from saga.flow import Flow
from saga.row import (
    Moment,
    Row,
    after,
    after_start,
    all_of,
    anything_else,
    contradiction,
    deferred,
    every_undo_confirmed,
    ignored,
    late,
    refused,
    stays,
    undo_again,
    undo_all,
)
from saga.state import Kind, State
from saga.undo import Undo


class Trip(BaseModel):
    trip_id: str
    attempt: int = 1


class BookTrip(Command, owner="trip", key="trip_id"):
    trip_id: str


class CallOff(Command, owner="trip", key="trip_id"):
    trip_id: str


class TryAgain(Local, owner="trip", key="trip_id"):
    trip_id: str


class TripEvent(Event, owner="trip", key="trip_id"):
    trip_id: str


class TripBooked(TripEvent):
    pass


class TripAbandoned(TripEvent):
    pass


class HotelCommand(Command, owner="hotel", key="trip_id"):
    trip_id: str
    attempt: int = 1


class ReserveHotel(HotelCommand):
    pass


class CancelHotel(HotelCommand):
    pass


class HotelEvent(Event, owner="hotel", key="trip_id"):
    trip_id: str
    attempt: int | None = None


class HotelReserved(HotelEvent):
    pass


class HotelFull(HotelEvent):
    pass


class HotelCancelled(HotelEvent):
    pass


class FlightCommand(Command, owner="flight", key="trip_id"):
    trip_id: str


class ReserveFlight(FlightCommand):
    pass


class CancelFlight(FlightCommand):
    pass


class FlightEvent(Event, owner="flight", key="trip_id"):
    trip_id: str


class FlightReserved(FlightEvent):
    pass


class FlightFull(FlightEvent):
    pass


class FlightCancelled(FlightEvent):
    pass


def new_trip(book: BookTrip, _: Moment) -> Trip:
    return Trip(trip_id=book.trip_id)


def another_hotel(trip: Trip, _: HotelFull, __: Moment) -> Trip:
    return trip.model_copy(update={"attempt": trip.attempt + 1})


def is_the_first(trip: Trip, _: HotelFull) -> bool:
    return trip.attempt == 1


def reserve_hotel(trip: Trip) -> ReserveHotel:
    return ReserveHotel(trip_id=trip.trip_id, attempt=trip.attempt)


def reserve_flight(trip: Trip) -> ReserveFlight:
    return ReserveFlight(trip_id=trip.trip_id)


def trip_booked(trip: Trip) -> TripBooked:
    return TripBooked(trip_id=trip.trip_id)


def trip_abandoned(trip: Trip) -> TripAbandoned:
    return TripAbandoned(trip_id=trip.trip_id)


cancel_hotel = Undo(
    CancelHotel,
    lambda trip, attempt: CancelHotel(trip_id=trip.trip_id, attempt=attempt),
    of=ReserveHotel,
    truth=HotelReserved,
    refused_by=(HotelFull,),
    confirmed_by=(HotelCancelled,),
    numbered_by="attempt",
)
cancel_flight = Undo(
    CancelFlight,
    lambda trip, _: CancelFlight(trip_id=trip.trip_id),
    of=ReserveFlight,
    truth=FlightReserved,
    refused_by=(FlightFull,),
    confirmed_by=(FlightCancelled,),
)

start = State("start", kind=Kind.START)
reserving = State("reserving")
abandoning = State("abandoning")
needs_help = State("needs_help", kind=Kind.HUMAN)
booked = State("booked", kind=Kind.END)
abandoned = State("abandoned", kind=Kind.END)

# fmt: off
trips = Flow("trip", revision=1, data=Trip, begins={BookTrip: new_trip}, undos=[cancel_hotel, cancel_flight], rows=[
    Row(start,                      BookTrip,                               reserving,  sends=[reserve_hotel, reserve_flight], undo=[cancel_hotel, cancel_flight]),
    Row(start,                      anything_else,                          deferred),

    Row(reserving,                  all_of(HotelReserved, FlightReserved),  booked,     sends=[trip_booked], pivot=True),
    Row(reserving,                  HotelFull,                              stays,      given=is_the_first, does=another_hotel, sends=[reserve_hotel], undo=[cancel_hotel]),
    Row(reserving,                  (HotelFull, FlightFull, CallOff),       abandoning, sends=[undo_all]),
    Row(reserving,                  after("reservation", days=2),           needs_help),
    Row(needs_help.within(reserving), TryAgain,                             reserving,  sends=[reserve_hotel, reserve_flight]),

    Row(abandoning,                 (HotelCancelled, FlightCancelled),      stays),
    Row(abandoning,                 every_undo_confirmed(),                 abandoned,  sends=[trip_abandoned]),
    Row(abandoning,                 (HotelReserved, FlightReserved),        late),
    Row(abandoning,                 (HotelFull, FlightFull, CallOff),       ignored),
    Row(abandoning,                 after("abandoning", days=1),            needs_help, sends=[undo_again]),
    Row(needs_help.within(abandoning), TryAgain,                            abandoning, sends=[undo_again]),

    Row(abandoned,                  (HotelReserved, FlightReserved),        late),
    Row(abandoned,                  (HotelCancelled, FlightCancelled),      stays),
    Row((booked, abandoned),        CallOff,                                refused("it is too late to call this trip off")),
    Row(after_start,                BookTrip,                               ignored),
    Row(after_start,                TryAgain,                               refused("this trip needs no help")),
    Row(after_start,                anything_else,                          contradiction),
])
# fmt: on
