"""A table that cannot work is refused when it is built, and the message names the row or pair at fault."""

from collections.abc import Sequence

import pytest
from pydantic import BaseModel

from bus.message import Event
from saga.checks import FlowError
from saga.flow import Flow
from saga.row import Row, after, any_state, anything_else, ignored, late, stays
from saga.state import Kind, State
from saga.undo import Undo


class Go(Event, owner="test", key="id"):
    id: str


class Done(Go):
    pass


class Data(BaseModel):
    pass


start = State("start", kind=Kind.START)
waiting = State("waiting")
lost = State("lost")
done = State("done", kind=Kind.END)

GO = Row(start, Go, waiting)
DONE = Row(waiting, Done, done)
PATIENCE = Row(waiting, after("patience", days=1), done)
REST = Row(any_state, anything_else, ignored)


def sometimes(_: Data, __: object) -> bool:
    return True


def flow(*rows: Row, undos: Sequence[Undo] = ()) -> Flow:
    return Flow("test", revision=1, data=Data, begins={Go: lambda *_: Data()}, rows=rows, undos=undos)


def faults(*rows: Row) -> list[str]:
    with pytest.raises(FlowError) as refusal:
        flow(*rows)
    first, *found = str(refusal.value).splitlines()
    assert first == "flow test:"
    return [fault.removeprefix("  - ") for fault in found]


def test_a_table_without_fault_is_built() -> None:
    assert [state.label for state in flow(GO, DONE, PATIENCE, REST).states] == ["start", "waiting", "done"]


def test_every_pair_of_state_and_message_must_be_decided() -> None:
    rest = Row((start, waiting), anything_else, ignored)
    advice = "is undecided: add a row without `given` that handles, ignores or defers it, or says why it cannot be"
    assert faults(GO, DONE, PATIENCE, rest) == [f"[while done, when Go] {advice}", f"[while done, when Done] {advice}"]


def test_a_row_with_a_rule_alone_leaves_its_pair_undecided() -> None:
    guarded = Row(waiting, Done, done, given=sometimes)
    decided = (Row((start, done), anything_else, ignored), Row(waiting, Go, ignored))
    (fault,) = faults(GO, guarded, PATIENCE, *decided)
    assert fault.startswith("[while waiting, when Done] is undecided")


def test_a_deadline_that_leads_on_under_a_rule_only_may_go_off_for_nothing() -> None:
    """It does once, and nothing is armed after it."""
    guarded = Row(waiting, after("patience", days=1), done, given=sometimes)
    assert faults(GO, DONE, guarded, Row(waiting, after("patience", days=1), stays), REST) == [NO_DEADLINE]


def test_a_deadline_goes_on_between_variants_of_a_state_so_it_must_have_been_set() -> None:
    """What only the second variant has would never go off."""
    slow, fast = State("packing", "slow"), State("packing", "fast")
    rows = [
        Row(waiting, Go, slow),
        Row(slow, Go, fast),
        Row((slow, fast), after("patience", days=1), done),
    ]
    assert flow(GO, DONE, PATIENCE, *rows, REST)
    assert faults(GO, DONE, PATIENCE, *rows, Row(fast, after("hurry", hours=1), done), REST) == [
        f"{rows[1]} leads to a variant whose deadline hurry is not set then: let both have it"
    ]


def test_a_deadline_with_a_rule_alone_would_do_nothing() -> None:
    guarded = Row(waiting, after("patience", days=1), done, given=sometimes)
    assert faults(GO, DONE, guarded, REST) == [
        "[while waiting, when patience: 1 day, given sometimes] does nothing where `given` does not hold: "
        "add a row without `given`",
        NO_DEADLINE,
    ]


def test_every_state_must_be_reachable() -> None:
    from_nowhere = Row(lost, (Done, after("patience", days=1)), done)
    assert faults(GO, DONE, PATIENCE, from_nowhere, REST) == ["state lost is unreachable: no row becomes it"]


def test_every_state_must_have_a_way_to_an_end() -> None:
    limbo = State("limbo")
    rows = (
        Row(waiting, Go, lost),
        Row(lost, after("a while", hours=1), limbo),
        Row(limbo, after("a while", hours=1), lost),
    )
    assert faults(GO, DONE, PATIENCE, *rows, REST) == [
        "[while lost] no rows lead to an end",
        "[while limbo] no rows lead to an end",
    ]


NO_DEADLINE = "[while waiting] waits without a deadline: add a row `when after(...)` without `given` that leads on"


def test_a_waiting_state_must_have_a_deadline() -> None:
    assert faults(GO, DONE, REST) == [NO_DEADLINE]


def test_a_deadline_that_leads_nowhere_is_none() -> None:
    assert faults(GO, DONE, Row(waiting, after("patience", days=1), stays), REST) == [NO_DEADLINE]


def test_a_human_task_needs_no_deadline() -> None:
    task = State("task", kind=Kind.HUMAN)
    built = flow(GO, DONE, Row(waiting, after("patience", days=1), task), REST)
    assert built.deadlines("task/waiting") == ()


@pytest.mark.parametrize("row", [Row(waiting, Done, lost), Row(waiting, Done, done, given=sometimes)])
def test_every_row_must_be_asked(row: Row) -> None:
    leads_on = Row(lost, after("patience", days=1), done), Row(waiting, Go, lost)
    assert faults(GO, DONE, row, PATIENCE, *leads_on, REST) == [f"{row} is never asked: earlier rows decide all of it"]


def test_anything_else_is_never_asked_where_nothing_is_left() -> None:
    rest = Row(done, anything_else, stays)
    assert faults(GO, DONE, PATIENCE, Row(any_state, (Go, Done), ignored), rest) == [
        "[while done, when anything else] is never asked: earlier rows decide all of it"
    ]


def test_what_is_late_must_be_the_truth_of_an_undo() -> None:
    late_done = Row(done, Done, late)
    assert faults(GO, DONE, PATIENCE, late_done, REST) == [
        "[while done, when Done] is late, but no undo has Done as its truth"
    ]


def test_a_flow_without_start_state_is_refused() -> None:
    assert faults(Row(waiting, Done, done), PATIENCE, Row(any_state, anything_else, ignored)) == [
        "a flow has one start state, this one has 0"
    ]


def test_a_flow_with_two_start_states_is_refused() -> None:
    other = State("other", kind=Kind.START)
    assert "a flow has one start state, this one has 2" in faults(GO, Row(other, Go, waiting), DONE, PATIENCE, REST)


def test_all_faults_are_named_at_once() -> None:
    assert len(faults(GO, DONE, Row(done, Done, late), REST)) == 2


def test_a_misspelt_when_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[while waiting, when anything\]: `when` is neither a message"):
        flow(GO, DONE, PATIENCE, Row(waiting, "anything", ignored), REST)


def test_what_tells_of_an_undo_must_be_heard() -> None:
    """Else its confirmation would be unknown to the flow, and the undo stay open for ever."""

    class Undone(Go):
        pass

    undo = Undo(Go, lambda data, _: Go(id=""), of=Done, truth=Done, refused_by=(), confirmed_by=(Undone,))
    with pytest.raises(FlowError, match=r"undo Go asks for Undone, but no row names it: add one"):
        Flow("test", revision=1, data=Data, begins={}, rows=[GO, DONE, PATIENCE, REST], undos=[undo])
