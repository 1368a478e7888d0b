"""Timers by hand: postponed, fired, cancelled; and what may not be cancelled."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bus import operator_view, rescheduling
from bus.envelope import Envelope
from bus.errors import Refused
from bus.incoming import decode
from bus.timers import BATCH, DueTimers
from tests.databases import OpenDatabase
from tests.operators.bench import ANN, FragileBench
from tests.operators.fragile import Remind, names
from tests.saga import trip_service
from tests.saga.trip import BookTrip, CallOff, HotelReserved
from tests.service_bench import ServiceBench

DAY = timedelta(days=1)


def reminder(bench: FragileBench, name: str = "tea", days: float = 3, wakes: str = "") -> str:
    """Returns the timer's id."""
    bench.tell(Remind(name=name, days=days, wakes=wakes))
    (found,) = [timer["id"] for timer in bench.timers() if timer["subject"] == name]
    return str(found)


def postpone(bench: FragileBench, timer_id: str, by: timedelta) -> Any:
    return bench.act(rescheduling.postpone, timer_id, lambda due_at: due_at + by)


def fire(bench: FragileBench, timer_id: str) -> list[str]:
    """As over HTTP: it is made due, and then handled. Returns the names of what was said."""
    row = bench.act(rescheduling.fire, timer_id)
    works = [decode(bench.service, Envelope.from_row(row), DueTimers())]
    return [envelope.subject for envelope in bench.journey.process(works).outgoing]


def test_a_timer_shows_when_it_goes_off_and_what_it_will_do(bench: FragileBench) -> None:
    timer_id = reminder(bench, wakes="tea in pot")
    assert bench.timers() == [
        {
            "id": timer_id,
            "service": "fragile",
            "name": "reminder",
            "subject": "tea",
            "due_at": "2026-01-04T00:00:00.000000Z",
            "type": "fragile.reminded.v1",
            "message": {"name": "tea", "number": 1},
            "wakes": "tea in pot",
        }
    ]


# --- postpone


def test_a_postponed_timer_goes_off_later(bench: FragileBench) -> None:
    timer_id = reminder(bench)
    postpone(bench, timer_id, by=2 * DAY)
    bench.clock.advance(4 * DAY)
    assert bench.fire_timers() == []
    bench.clock.advance(DAY)
    assert names(bench.fire_timers()) == ["tea"]
    assert bench.audit() == [("ann", "it is mended", "timer.postpone", timer_id)]


def test_a_timer_cannot_be_brought_forward(bench: FragileBench) -> None:
    """A deadline never fires early unless an operator fires it, and that is another action."""
    timer_id = reminder(bench)
    with pytest.raises(Refused, match=r"due at 2026-01-04.*give a later time, or fire it"):
        postpone(bench, timer_id, by=-DAY)
    assert bench.audit() == []


def test_an_overdue_timer_can_be_postponed(bench: FragileBench) -> None:
    timer_id = reminder(bench)
    bench.clock.advance(3 * DAY)
    postpone(bench, timer_id, by=DAY)
    assert bench.fire_timers() == []


# --- fire


def test_a_fired_timer_goes_off_now_and_has_one_effect(bench: FragileBench) -> None:
    timer_id = reminder(bench)
    assert fire(bench, timer_id) == ["tea"]
    bench.clock.advance(3 * DAY)
    assert bench.fire_timers() == []
    assert (bench.timers(), bench.fragile.tried) == ([], ["tea"])
    assert bench.audit() == [("ann", "it is mended", "timer.fire", timer_id)]


def test_a_fired_timer_that_nobody_carried_out_goes_off_like_any_other(bench: FragileBench) -> None:
    """The process was killed between the operator's transaction and the effect."""
    bench.act(rescheduling.fire, reminder(bench))
    assert names(bench.fire_timers()) == ["tea"]


def test_two_who_fire_one_timer_at_once_have_one_effect(bench: FragileBench) -> None:
    timer_id = reminder(bench)
    rows = [bench.act(rescheduling.fire, timer_id) for _ in range(2)]
    works = [decode(bench.service, Envelope.from_row(row), DueTimers()) for row in rows]
    assert len(bench.journey.process(works).outgoing) == 1
    assert bench.fragile.tried == ["tea"]


def test_a_timer_that_fails_when_it_is_fired_is_a_dead_letter(bench: FragileBench) -> None:
    timer_id = reminder(bench, name="bug")
    assert fire(bench, timer_id) == []
    assert (bench.timers(), bench.letter()["status"]) == ([], "retrying")
    bench.fragile.mended.add("bug")
    bench.try_again(after=1)
    assert (bench.letter()["status"], bench.fragile.tried) == ("redriven", ["bug", "bug"])


# --- gone


@pytest.mark.parametrize(("action", "done"), [("fire", "fired"), ("cancel", "cancelled")])
@pytest.mark.parametrize("then", ["fire", "cancel", "postpone"])
def test_what_an_operator_ended_is_a_conflict_that_says_who(
    bench: FragileBench, action: str, done: str, then: str
) -> None:
    timer_id = reminder(bench)
    if action == "fire":
        fire(bench, timer_id)
    else:
        bench.act(rescheduling.cancel, timer_id)
    more = [lambda due_at: due_at + DAY] if then == "postpone" else []
    with pytest.raises(Refused, match=f"{done} by ann, because: it is mended") as refusal:
        bench.act(getattr(rescheduling, then), timer_id, *more)
    assert refusal.value.status == 409
    assert len(bench.audit()) == 1


def test_what_went_off_by_itself_is_not_found(bench: FragileBench) -> None:
    timer_id = reminder(bench)
    bench.clock.advance(3 * DAY)
    bench.fire_timers()
    with pytest.raises(Refused, match="it went off, was cancelled, or never was") as refusal:
        bench.act(rescheduling.fire, timer_id)
    assert refusal.value.status == 404


# --- cancel


def test_a_cancelled_timer_never_goes_off(bench: FragileBench) -> None:
    timer_id = reminder(bench)
    bench.act(rescheduling.cancel, timer_id)
    bench.clock.advance(4 * DAY)
    assert bench.fire_timers() == []
    assert bench.audit() == [("ann", "it is mended", "timer.cancel", timer_id)]


def test_the_last_timer_that_wakes_something_cannot_be_cancelled(bench: FragileBench) -> None:
    """Of two that wake the same one can go; a timer that wakes something else is no substitute."""
    bench.tell(Remind(name="tea", days=1, wakes="tea in pot"))
    bench.tell(Remind(name="tea", days=2, wakes="tea in pot", number=2))
    bench.tell(Remind(name="tea", days=3, wakes="tea in cup", number=3))
    bench.tell(Remind(name="pot", days=3, wakes="tea in pot"))
    first, second = [t["id"] for t in bench.timers() if (t["subject"], t["wakes"]) == ("tea", "tea in pot")]
    bench.act(rescheduling.cancel, first)
    with pytest.raises(
        Refused, match=r"'reminder' is the only deadline of tea, tea in pot.*postpone it, or let it fire"
    ):
        bench.act(rescheduling.cancel, second)
    assert second in [timer["id"] for timer in bench.timers()]
    assert len(bench.audit()) == 1


# --- a flow's deadlines


@pytest.fixture
def trips(open_database: OpenDatabase) -> ServiceBench:
    return ServiceBench(trip_service.service, open_database)


def deadline(trips: ServiceBench, trip_id: str = "t-1") -> dict[str, Any]:
    with trips.database.snapshot() as connection:
        (only,) = [item for _, item in operator_view.timers(connection, trips.service, None, 9, trip_id)]
    return only


def test_the_only_deadline_of_a_waiting_state_cannot_be_cancelled(trips: ServiceBench) -> None:
    """The refusal names the deadline and its flow's state."""
    trips.tell(BookTrip(trip_id="t-1"))
    armed = deadline(trips)
    assert armed["wakes"] == "trip in reserving"
    with pytest.raises(Refused, match=r"'reservation' is the only deadline of t-1, trip in reserving") as refusal:
        trips.call(lambda context: rescheduling.cancel(context, armed["id"], ANN))
    assert refusal.value.status == 409
    assert deadline(trips) == armed


def test_a_postponed_deadline_is_still_cancelled_by_leaving_its_state(trips: ServiceBench) -> None:
    trips.tell(BookTrip(trip_id="t-1"))
    timer_id = deadline(trips)["id"]
    trips.call(lambda context: rescheduling.postpone(context, timer_id, lambda due_at: due_at + 9 * DAY, ANN))
    trips.tell(HotelReserved(trip_id="t-1"))
    assert deadline(trips)["due_at"] == "2026-01-12T00:00:00.000000Z"
    trips.tell(CallOff(trip_id="t-1"))
    assert deadline(trips)["name"] == "abandoning"


def test_a_deadline_that_an_operator_fires_leads_on_before_it_is_due(trips: ServiceBench) -> None:
    trips.tell(BookTrip(trip_id="t-1"))
    timer_id = deadline(trips)["id"]
    trips.call(lambda context: rescheduling.fire(context, timer_id, ANN))
    trips.fire_timers()
    assert trip_service.find(trips, "t-1").state == "needs_help/reserving"


def test_a_deadline_that_is_fired_too_late_is_a_no_op(trips: ServiceBench) -> None:
    """The flow left the state between the operator's transaction and the effect."""
    trips.tell(BookTrip(trip_id="t-1"))
    timer_id = deadline(trips)["id"]
    row = trips.call(lambda context: rescheduling.fire(context, timer_id, ANN))
    trips.tell(CallOff(trip_id="t-1"))
    before = trip_service.find(trips, "t-1")
    trips.journey.process([decode(trips.service, Envelope.from_row(row), DueTimers())])
    assert trip_service.find(trips, "t-1") == before


# --- a month of downtime


def batches(bench: ServiceBench) -> Iterator[list[str]]:
    while said := bench.fire_timers():
        yield names(said)


def test_a_month_of_timers_goes_off_in_due_sequence_and_in_batches(bench: FragileBench) -> None:
    """They were set in another sequence, and all came due while nobody was there."""
    number = 2 * BATCH + 50
    for place in range(number):
        day = place * 7 % number
        bench.tell(Remind(name=f"{day:03}", days=1 + day / 10))
    bench.clock.advance(31 * DAY)
    went_off = list(batches(bench))
    assert [len(batch) for batch in went_off] == [BATCH, BATCH, 50]
    assert [name for batch in went_off for name in batch] == [f"{day:03}" for day in range(number)]
