"""Two replicas handle messages for one instance of a flow: the second sees what the first did."""

import pytest

from bus import journey
from tests.isolation import planted
from tests.isolation.conftest import Open
from tests.isolation.replicas import Meeting, Replicas, handling
from tests.saga.trip import BookTrip, CallOff, FlightReserved, HotelReserved
from tests.saga.trip_service import bus_tables, saga_tables, service

ID = "t-1"
RESERVE = ["hotel.reserve-hotel.v1", "flight.reserve-flight.v1"]


@pytest.fixture
def trips(replicas_of: Open) -> Replicas:
    return replicas_of(service)


def join(trips: Replicas) -> Meeting[list[str]]:
    """One replica hears of the hotel while the other hears of the flight."""
    trips.tell(BookTrip(trip_id=ID))
    one = trips.incoming(HotelReserved(trip_id=ID), prefix="hotel")
    other = trips.incoming(FlightReserved(trip_id=ID), prefix="flight")
    return trips.meet(handling(one), handling(other))


def state(trips: Replicas) -> str:
    (instance,) = trips.rows(saga_tables.instances)
    return str(instance.state)


def steps(trips: Replicas) -> list[int]:
    return sorted(row.step for row in trips.rows(saga_tables.history))


def test_a_join_of_two_messages_at_two_replicas_holds(trips: Replicas) -> None:
    """The second waits for the row, and then knows of the first."""
    met = join(trips)
    assert met.waited
    assert met.both == ([], ["trip.trip-booked.v1"])
    assert (state(trips), steps(trips)) == ("booked", [1, 2, 3, 4])
    assert trips.rows(bus_tables.dead_letters) == []


def test_without_the_row_lock_the_version_still_keeps_an_update_from_being_lost(
    trips: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two guards, each enough by itself."""
    planted.no_row_locks(monkeypatch)
    assert join(trips).both == ([], ["trip.trip-booked.v1"])
    assert state(trips) == "booked"


def test_without_either_an_update_is_lost_and_this_suite_notices(
    trips: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: the history's key alone is left, so what is lost is a message that had to be set aside."""
    planted.no_row_locks(monkeypatch)
    planted.no_versions(monkeypatch)
    monkeypatch.setattr(journey, "RETRIES", 0)
    with pytest.raises(AssertionError):
        assert join(trips).both == ([], ["trip.trip-booked.v1"])


def test_one_instance_begun_by_two_replicas_at_once_is_begun_once(trips: Replicas) -> None:
    """The second runs into the first one's key, does its batch again, and finds the instance there."""
    one = trips.incoming(BookTrip(trip_id=ID), prefix="one")
    other = trips.incoming(BookTrip(trip_id=ID), prefix="other")
    met = trips.meet(handling(one), handling(other))
    assert met.waited
    assert met.both == (RESERVE, [])
    assert (state(trips), steps(trips)) == ("reserving", [1])
    assert trips.rows(bus_tables.dead_letters) == []


def test_without_retries_of_a_batch_it_would_be_set_aside_and_this_suite_notices(
    trips: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted."""
    monkeypatch.setattr(journey, "RETRIES", 0)
    with pytest.raises(AssertionError):
        test_one_instance_begun_by_two_replicas_at_once_is_begun_once(trips)


def test_a_message_that_leaves_a_state_does_not_wait_for_its_deadline_that_is_going_off(trips: Replicas) -> None:
    """Whoever fires the deadline waits for the instance: to wait for him would be a deadlock. He finds it stale."""
    trips.tell(BookTrip(trip_id=ID))
    timers = bus_tables.timers
    with trips.database.transaction() as firing:
        firing.execute(timers.select().with_for_update())
        said = handling(trips.incoming(CallOff(trip_id=ID), prefix="off"))(trips.journey)
        assert said == ["hotel.cancel-hotel.v1", "flight.cancel-flight.v1"]
    assert state(trips) == "abandoning"
    assert sorted(row.name for row in trips.rows(timers)) == ["abandoning", "reservation"]
