"""From one revision to the next, without a database."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from bus.audit import Instruction
from bus.errors import NotYet
from saga.flow import Flow
from saga.instance import Instance
from saga.revising import revise
from saga.row import Moment, Row, after, all_of, ignored, stays
from saga.state import Kind, State
from saga.stepping import Step, begin, step
from saga.testing import NEW_YEAR
from saga.undo import UndoEntry, UndoStatus
from tests.saga.next_revision import next_revision
from tests.saga.trip import (
    BookTrip,
    FlightReserved,
    HotelReserved,
    TripBooked,
    TripEvent,
    booked,
    reserving,
    trip_booked,
    trips,
)
from tests.saga.words import ID, TRIP, flight, hotel

booking = State("booking")
BY = Instruction(author="ann", reason="a new table")
NOW = Moment(NEW_YEAR)


class HotelClosed(TripEvent, owner="hotel"):
    """Known to later revisions alone."""


def instance(state: str, *undos: UndoEntry, revision: int = 1) -> Instance:
    return replace(begin(trips, ID, ID), state=state, data=TRIP, undos=undos, revision=revision, steps=3, generation=2)


def revised(flow: Flow, before: Instance) -> Step:
    return revise(flow, before, NOW, "because", BY)


def live(flow: Flow) -> list[State]:
    return [state for state in flow.states if state.kind is not Kind.END]


def decided(flow: Flow, state: str, message: Any) -> bool:
    cells = [cell for cell in flow.cells if (cell.state.label, cell.trigger) == (state, message)]
    return any(cell.row.given is None for cell in cells)


@pytest.mark.parametrize("state", live(trips), ids=lambda state: state.label)
def test_whatever_a_state_hears_is_decided_after_the_migration(state: State) -> None:
    """Every message of the revision before, in the state that it becomes."""
    flow = next_revision(trips, {reserving: booking}, first=[Row(booking, HotelClosed, ignored)])
    made = revised(flow, instance(state.label))
    assert made.changed
    undecided = [m.__name__ for m in trips.messages if not decided(flow, made.instance.state, m)]
    assert undecided == []


def test_a_migration_changes_the_revision_and_the_state_and_says_so_in_the_history() -> None:
    """Deadlines go on, as the generation stays; so do the undos and what was heard."""
    before = replace(instance("reserving", hotel("recorded"), flight("recorded")), heard=("HotelReserved",))
    made = revised(next_revision(trips, {reserving: booking}), before)
    assert made.instance == replace(before, revision=2, state="booking", steps=4, updated_at=NEW_YEAR)
    (line,) = made.history
    assert (line.from_state, line.to_state, line.because) == (
        "reserving",
        "booking",
        "migrated from revision 1 to 2",
    )
    assert (line.message_id, line.author, line.reason) == ("because", "ann", "a new table")
    assert made.sends == ()


def test_a_migration_goes_from_revision_to_revision() -> None:
    second = next_revision(trips, {reserving: booking})
    third = next_revision(second, {booking: State("arranging")})
    made = revised(third, instance("needs_help/reserving"))
    assert [line.to_state for line in made.history] == ["needs_help/booking", "needs_help/arranging"]
    assert (made.instance.revision, made.instance.steps) == (3, 5)


def test_a_migration_goes_all_the_way_or_not_at_all() -> None:
    second = next_revision(trips, {reserving: booking})
    third = next_revision(second, {booking: State("arranging")}, states={booking: stays})
    before = instance("reserving")
    assert revised(third, before) == Step(before)


@pytest.mark.parametrize(("status", "refused"), [("recorded", True), ("sent", True), ("dropped", False)])
def test_an_open_undo_of_a_kind_that_is_known_no_more_is_refused(status: str, refused: bool) -> None:
    """One that is settled is history."""
    made = revised(next_revision(trips, {}), instance("reserving", UndoEntry("CancelTaxi", None, UndoStatus(status))))
    assert made.refused == ("revision 2 does not know how to undo by CancelTaxi" if refused else "")


class Luggage(BaseModel):
    trip_id: str
    attempt: int = 1
    bags: int


def test_data_that_the_new_class_does_not_accept_is_refused_without_telling_it() -> None:
    before = instance("reserving")
    refused = revised(next_revision(trips, {}, data=Luggage), before)
    assert refused == Step(before, refused="revision 2 does not accept its data: bags: Field required")


def test_data_from_which_a_deadline_cannot_be_told_is_refused() -> None:
    pause = after("nudge", lambda trip: timedelta(days=trip.bags))
    refused = revised(next_revision(trips, {}, first=[Row(reserving, pause, stays)]), instance("reserving"))
    assert refused.refused.startswith("its data is not what revision 2 expects: AttributeError(")
    assert refused.instance.revision == 1


def test_a_join_that_holds_already_is_not_waited_for() -> None:
    """In the new table the flight alone is enough, and it was heard."""
    alone = Row(reserving, all_of(FlightReserved), booked, sends=[trip_booked], pivot=True)
    noted = Row(reserving, HotelReserved, stays)
    before = replace(instance("reserving", hotel("recorded")), heard=("FlightReserved",))
    made = revised(next_revision(trips, {}, first=[alone, noted]), before)
    assert (made.instance.state, made.sends) == ("booked", (TripBooked(trip_id=ID),))
    assert [line.because for line in made.history] == ["migrated from revision 1 to 2", "FlightReserved"]


def test_what_only_a_later_revision_knows_is_deferred() -> None:
    """It is kept, and heard once the instance is migrated."""
    flow = next_revision(trips, {reserving: booking}, first=[Row(booking, HotelClosed, State("abandoning"))])
    before = instance("reserving")
    with pytest.raises(NotYet, match=r"HotelClosed came before trip t-1 was migrated: its revision 1"):
        step(trips, before, HotelClosed(trip_id=ID), NOW, "because")
    migrated = revised(flow, before).instance
    assert step(flow, migrated, HotelClosed(trip_id=ID), NOW, "because").history[0].to_state == "abandoning"


def test_new_instances_begin_with_the_newest_revision() -> None:
    flow = next_revision(trips, {reserving: booking})
    assert begin(flow, ID, ID).revision == 2
    assert step(flow, begin(flow, ID, ID), BookTrip(trip_id=ID), NOW, "because").instance.state == "booking"
