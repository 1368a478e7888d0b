"""One message's journey: a batch of them, in one transaction."""

import json
import sqlite3

import pytest
import sqlalchemy as sa

from bus import outbox
from bus.envelope import origin
from bus.errors import Conflict, Refused, Unavailable
from bus.incoming import Call
from bus.unit import Context
from tests.bus.bench import CounterBench
from tests.bus.counter import (
    Count,
    Counted,
    Counter,
    Counters,
    Double,
    Happened,
    PassOn,
    Remind,
    Reset,
    Sound,
    Stumble,
    nothing,
    raising,
    tables,
)


def call(run: object) -> Call:
    return Call(origin("request", sender="counter", at=""), run)  # type: ignore[arg-type]


def test_a_message_is_handled_and_what_it_leads_to_is_said(bench: CounterBench) -> None:
    work = bench.arrive(Count(name="a", by=2), "1")
    [said] = bench.batch(work).outgoing
    assert work.done
    assert work.error is None
    assert (said.type, json.loads(said.body)) == (Counted.wire_name, {"name": "a", "total": 2})
    assert (said.causation_id, said.source) == ("1", "/minuet/counter")


def test_a_batch_is_one_transaction_and_each_sees_what_those_before_did(bench: CounterBench) -> None:
    committed = bench.batch(*[bench.arrive(Count(name="a"), str(n)) for n in range(3)])
    assert [json.loads(said.body)["total"] for said in committed.outgoing] == [1, 2, 3]
    assert bench.totals() == {"a": 3}


def test_a_batch_costs_the_same_number_of_statements_whatever_its_size(bench: CounterBench) -> None:
    """One inbox insert, one select, and the writes; those of the transaction; and the first batch asks for timers."""

    def statements(size: int) -> int:
        seen: list[str] = []

        def note(*args: object) -> None:
            seen.append(str(args[2]))

        sa.event.listen(bench.database.engine, "before_cursor_execute", note)
        bench.batch(*[bench.arrive(Count(name=f"{size}-{n}"), f"{size}-{n}") for n in range(size)])
        sa.event.remove(bench.database.engine, "before_cursor_execute", note)
        return len(seen)

    assert statements(1) <= 6
    assert statements(100) == statements(2) <= 5


def test_duplicates_in_one_batch_count_once(bench: CounterBench) -> None:
    """Both are done, and may be acknowledged."""
    works = [bench.arrive(Count(name="a"), "1") for _ in range(3)]
    assert len(bench.batch(*works).outgoing) == 1
    assert bench.totals() == {"a": 1}
    assert all(work.done and work.error is None for work in works)


def test_duplicates_across_batches_count_once(bench: CounterBench) -> None:
    for _ in range(3):
        bench.batch(bench.arrive(Count(name="a"), "1"))
    assert bench.totals() == {"a": 1}


def test_hundreds_of_messages_of_which_some_were_seen_before(bench: CounterBench) -> None:
    bench.batch(*[bench.arrive(Count(name="a"), str(n)) for n in range(0, 1500, 3)])
    bench.batch(*[bench.arrive(Count(name="a"), str(n)) for n in range(1500)])
    assert bench.totals() == {"a": 1500}


def test_the_inbox_is_written_in_the_handlers_own_transaction(bench: CounterBench) -> None:
    """What fails leaves no trace in it, so the message can be handled later."""
    bench.batch(bench.arrive(Stumble(name="a"), "1"))
    assert bench.rows(tables.inbox) == []
    bench.world.obstacle = nothing
    bench.batch(bench.arrive(Stumble(name="a"), "1"))
    assert [row.message_id for row in bench.rows(tables.inbox)] == ["1"]
    assert bench.totals() == {"a": 1}


def test_a_failing_message_hurts_nobody_else_in_its_batch(bench: CounterBench) -> None:
    """The batch is replayed one by one; of the failing one, nothing is left but its dead letter."""
    committed = bench.batch(
        bench.arrive(Count(name="a"), "1"),
        bench.arrive(Stumble(name="a"), "2"),
        bench.arrive(Reset(name="none"), "3"),
        bench.arrive(Count(name="a"), "4"),
    )
    assert bench.totals() == {"a": 2}
    assert [json.loads(said.body)["total"] for said in committed.outgoing] == [1, 2]
    assert len(bench.rows(tables.outbox)) == 2
    assert set(bench.letters()) == {"2", "3"}
    assert {row.message_id for row in bench.rows(tables.inbox)} == {"1", "4"}


def test_what_is_said_is_the_same_whether_the_batch_failed_or_not(bench: CounterBench, other: CounterBench) -> None:
    """Ids are derived from their cause, not from the attempt."""
    alone = bench.batch(bench.arrive(PassOn(name="a"), "1")).outgoing
    replayed = other.batch(other.arrive(PassOn(name="a"), "1"), other.arrive(Stumble(name="a"), "2")).outgoing
    assert [said.id for said in alone] == [said.id for said in replayed]


def test_a_duplicate_of_a_message_that_fails_is_no_second_letter(bench: CounterBench) -> None:
    bench.batch(*[bench.arrive(Reset(name="none"), "1") for _ in range(2)])
    assert set(bench.letters()) == {"1"}


def test_a_call_joins_the_batch(bench: CounterBench) -> None:
    """An HTTP write sees what the messages before it did, and shares their commit."""

    def read(context: Context) -> Counter | None:
        return context.store(Counters).get("a")

    work = call(read)
    bench.batch(bench.arrive(Count(name="a"), "1"), work)
    assert work.result == Counter("a", 1)


def test_a_call_that_fails_stores_nothing_and_tells_its_caller_alone(bench: CounterBench) -> None:
    def refused(context: Context) -> None:
        context.handle(Count(name="b"))
        raise Refused("no more than that")

    work = call(refused)
    committed = bench.batch(bench.arrive(Count(name="a"), "1"), work)
    assert str(work.error) == "no more than that"
    assert bench.totals() == {"a": 1}
    assert len(committed.outgoing) == len(bench.rows(tables.outbox)) == 1
    assert bench.letters() == {}


def test_the_same_request_says_the_same_again(bench: CounterBench) -> None:
    """So that whoever lost the answer may ask again."""

    def ask(request: str) -> str:
        work = Call(origin(request, sender="counter", at=""), lambda context: context.handle(PassOn(name="a")))
        [said] = bench.batch(work).outgoing
        bench.call(lambda context: outbox.forget(context.unit, [said.id]))
        return said.id

    assert ask("x") == ask("x") != ask("y")


def test_an_effect_is_stored_and_handed_on_but_not_published(bench: CounterBench) -> None:
    committed = bench.batch(bench.arrive(Sound(name="a"), "1"))
    assert committed.outgoing == []
    assert [lease.effect.type for lease in committed.effects] == ["counter.ring-bell.v1"]
    assert [row.effect_id for row in bench.rows(tables.effects)] == [committed.effects[0].effect.id]


def test_an_event_of_another_service_is_handled_by_its_wire_name(bench: CounterBench) -> None:
    bench.batch(bench.arrive(Happened(name="a"), "1"))
    assert bench.totals() == {"a": 1}


@pytest.mark.parametrize(
    "conflict",
    [
        sa.exc.IntegrityError("insert", {}, Exception("UNIQUE constraint failed")),
        sa.exc.OperationalError("begin", {}, sqlite3.OperationalError("database is locked")),
    ],
)
def test_a_conflict_is_no_failure_of_any_message(bench: CounterBench, conflict: Exception) -> None:
    """Two transactions met: the whole batch is done again, and nothing is counted against anyone."""
    conflicts = iter([conflict, conflict])

    def meet(_: Context) -> None:
        for conflict in conflicts:
            raise conflict

    work = call(meet)
    bench.batch(bench.arrive(Count(name="a"), "1"), work)
    assert work.error is None
    assert bench.totals() == {"a": 1}


def test_a_conflict_that_stays_is_a_bug_of_one_message(bench: CounterBench) -> None:
    bench.world.obstacle = raising(sa.exc.IntegrityError("insert", {}, Exception("UNIQUE constraint failed")))
    bench.batch(bench.arrive(Stumble(name="a"), "1"), bench.arrive(Count(name="a"), "2"))
    assert bench.letters()["1"][0] == "retrying"
    assert bench.totals() == {"a": 1}


def test_a_caller_hears_of_contention_that_lasts_as_such(bench: CounterBench) -> None:
    """He may ask again: nothing was stored. What would come back whoever else is there is no contention."""
    contention = Conflict("rows of counters")
    bug = sa.exc.IntegrityError("insert", {}, Exception("UNIQUE constraint failed"))
    contended, broken = call(lambda _: raising(contention)()), call(lambda _: raising(bug)())
    bench.batch(contended, broken)
    assert str(contended.error) == "rows of counters"
    assert isinstance(contended.error, Conflict)
    assert broken.error is bug
    assert bench.totals() == {}


def test_an_unreachable_database_is_nobodys_fault(bench: CounterBench) -> None:
    """What is not done may be processed again; nothing is counted."""
    bench.world.obstacle = raising(sa.exc.OperationalError("select", {}, Exception("disk I/O error")))
    works = [bench.arrive(Count(name="a"), "1"), bench.arrive(Stumble(name="a"), "2")]
    with pytest.raises(Unavailable):
        bench.batch(*works)
    assert not any(work.done for work in works)
    assert bench.letters() == {}
    assert bench.totals() == {}
    bench.world.obstacle = nothing
    bench.batch(*works)
    assert bench.totals() == {"a": 2}


def test_what_was_done_before_the_database_went_away_is_not_done_again(bench: CounterBench) -> None:
    """In a batch that is replayed one by one."""
    works = [
        bench.arrive(Count(name="a"), "1"),
        bench.arrive(Stumble(name="a"), "2"),
        bench.arrive(Count(name="a"), "3"),
    ]
    works.insert(2, call(going_away()))  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        bench.batch(*works)
    assert [work.done for work in works] == [True, True, False, False]
    bench.batch(*works)
    assert all(work.done for work in works)
    assert bench.totals() == {"a": 2}


def going_away() -> object:
    away = iter([Unavailable("gone")])

    def run(_: Context) -> None:
        for error in away:
            raise error

    return run


def test_the_earliest_timer_is_known_after_failures_too(bench: CounterBench) -> None:
    """A clock that stops at timers must not forget them because a message or a call failed."""
    due = bench.batch(bench.arrive(Remind(name="a", days=1), "1")).next_due
    assert due is not None

    def refused(_: Context) -> None:
        raise Refused("no")

    assert bench.batch(call(refused)).next_due == due
    assert bench.batch(bench.arrive(Stumble(name="a"), "2")).next_due == due
    assert bench.batch(bench.arrive(Double(name="a"), "3"), bench.arrive(Stumble(name="a"), "4")).next_due == due
    assert bench.batch().next_due == due
