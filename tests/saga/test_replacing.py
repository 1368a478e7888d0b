"""A revision that would leave somebody of the revision before without an answer is refused when it is built."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from saga.checks import FlowError
from saga.flow import Flow
from saga.replacing import Replaces
from saga.row import Row, after, ignored, stays
from saga.state import Kind, State
from tests.saga.next_revision import next_revision
from tests.saga.trip import (
    CallOff,
    Trip,
    abandoned,
    abandoning,
    booked,
    cancel_hotel,
    needs_help,
    reserving,
    start,
    trips,
)

booking = State("booking")
elsewhere = State("elsewhere")


def faults(build: Callable[[], Flow]) -> list[str]:
    with pytest.raises(FlowError) as refusal:
        build()
    return [fault.removeprefix("  - ") for fault in str(refusal.value).splitlines()[1:]]


def without(rows: Sequence[Row], message: Any) -> list[Row]:
    """The table as if nobody had ever heard of the message."""
    kept = []
    for row in rows:
        if isinstance(row.when, tuple):
            kept.append(replace(row, when=tuple(when for when in row.when if when is not message)))
        elif row.when is not message:
            kept.append(row)
    return kept


def test_a_state_goes_to_the_one_of_its_name_or_to_the_one_that_is_named() -> None:
    """A human task follows the state that it remembers."""
    flow = next_revision(trips, {reserving: booking})
    assert flow.replaces is not None
    labels = {state.label: flow.replaces.becomes(state.label) for state in trips.states if state.kind is not Kind.END}
    assert {old: new.label for old, new in labels.items() if new} == {
        "start": "start",
        "reserving": "booking",
        "abandoning": "abandoning",
        "needs_help/reserving": "needs_help/booking",
        "needs_help/abandoning": "needs_help/abandoning",
    }


def test_a_state_may_stay_with_its_revision_and_its_human_task_with_it() -> None:
    flow = next_revision(trips, {reserving: booking}, states={reserving: stays})
    assert flow.replaces is not None
    stay = [s.label for s in trips.states if s.kind is not Kind.END and flow.replaces.becomes(s.label) is None]
    assert stay == ["reserving", "needs_help/reserving"]


def test_a_human_task_is_named_for_all_that_it_remembers_or_for_one() -> None:
    call = State("call", kind=Kind.HUMAN)
    flow = next_revision(
        trips,
        {
            needs_help: call,
            needs_help.within(reserving): call.within(reserving),
            needs_help.within(abandoning): call.within(abandoning),
        },
        states={needs_help: call, needs_help.within(abandoning): stays},
    )
    assert flow.replaces is not None
    assert flow.replaces.becomes("needs_help/reserving") == call.within(reserving)
    assert flow.replaces.becomes("needs_help/abandoning") is None


def test_all_known_revisions_are_known_by_their_number() -> None:
    second = next_revision(trips, {})
    third = next_revision(second, {})
    assert list(third.revisions.items()) == [(3, third), (2, second), (1, trips)]
    assert third.oldest is trips


@pytest.mark.parametrize(
    ("states", "fault"),
    [
        ({}, "reserving of revision 1 becomes reserving, which revision 2 does not have"),
        ({reserving: elsewhere}, "reserving of revision 1 becomes elsewhere, which revision 2 does not have"),
        ({reserving: booked}, "reserving of revision 1 becomes booked, which is no state to go on from"),
        ({reserving: start}, "reserving of revision 1 becomes start, which is no state to go on from"),
        ({reserving: booking, elsewhere: booking}, "`states` names elsewhere, which revision 1 does not have"),
        ({reserving: booking, booked: booking}, "`states` names booked, an end of revision 1: whoever has ended"),
        ({reserving: ignored}, "`states` says that reserving becomes Decision.IGNORED: name a state, or say"),
    ],
)
def test_every_state_must_lead_somewhere(states: Any, fault: str) -> None:
    found = faults(lambda: next_revision(trips, {reserving: booking}, states=states))
    assert any(line.startswith(fault) for line in found), found


def test_what_the_revision_before_hears_must_be_named() -> None:
    """Else a migrated instance would have no answer to it: the planted gap."""
    rows = without(trips.rows, CallOff)
    build: dict[str, Any] = {"data": Trip, "begins": trips.begins, "undos": trips.undos, "rows": rows}
    assert faults(lambda: Flow("trip", revision=2, replaces=Replaces(trips), **build)) == [
        "revision 1 hears CallOff, and no row of revision 2 names it: add one, e.g. that it is `ignored`"
    ]


def test_an_end_must_stay_an_end_though_nothing_leads_there_any_more() -> None:
    """Those that ended there still hear what comes late, perhaps by a table that knows their revision no more."""
    ruined = State("ruined", kind=Kind.END)
    begin, rest = trips.rows[0], trips.rows[1:]
    described: dict[str, Any] = {"data": Trip, "begins": trips.begins, "undos": trips.undos}
    leads_there = replace(trips.rows[4], when=CallOff, becomes=ruined, sends=())
    first = Flow("trip", revision=1, rows=[begin, leads_there, *rest], **described)
    assert faults(lambda: Flow("trip", revision=2, rows=trips.rows, replaces=Replaces(first), **described)) == [
        "ruined is an end of revision 1, and not of revision 2: keep its rows, as those that have ended there still "
        "hear what comes late"
    ]
    kept = [begin, Row(ruined, CallOff, ignored), *rest]
    assert "ruined" in Flow("trip", revision=2, rows=kept, replaces=Replaces(first), **described).ends


def test_revisions_are_counted_one_by_one_and_of_one_flow() -> None:
    described: dict[str, Any] = {"data": Trip, "begins": trips.begins, "undos": trips.undos, "rows": trips.rows}
    assert faults(lambda: Flow("trip", revision=3, replaces=Replaces(trips), **described)) == [
        "revision 3 replaces revision 1: revisions are counted one by one"
    ]
    assert faults(lambda: Flow("journey", revision=2, replaces=Replaces(trips), **described)) == [
        "it replaces the flow trip: a flow replaces a revision of itself"
    ]


def test_an_undo_must_be_numbered_as_before() -> None:
    """Else no answer would fit what was recorded."""
    undos = [replace(cancel_hotel, numbered_by=None), *trips.undos[1:]]
    assert faults(lambda: next_revision(trips, {}, undos=undos)) == [
        "undo CancelHotel is numbered by None, in revision 1 by attempt"
    ]


def test_a_state_may_be_left_out_if_its_instances_stay() -> None:
    """They end by the table that they began with; new ones never come there."""
    given_up = [row for row in trips.rows if row.state not in (needs_help.within(reserving),)]
    rows = [replace(row, becomes=abandoning) if row.when == after("reservation", days=2) else row for row in given_up]
    described: dict[str, Any] = {"data": Trip, "begins": trips.begins, "undos": trips.undos, "rows": rows}
    flow = Flow("trip", revision=2, replaces=Replaces(trips, {needs_help.within(reserving): stays}), **described)
    assert needs_help.within(reserving) not in flow.states
    assert abandoned in flow.states
