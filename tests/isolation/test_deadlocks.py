"""Replicas whose batches name the same rows in opposite sequences."""

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from bus.database import Database
from bus.journey import Journey
from bus.records import Records
from bus.unit import Context
from tests.isolation.replicas import PATIENCE_SECONDS, Replicas, calling
from tests.isolation.tally import Count, CountAbroad, Tallies, Tally, tallies

ROUNDS = 15
NAMES = ("a", "b", "c", "d")


class Counting(Database):
    """Knows how many transactions it has begun: more than there were batches means that some were done again."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.begun = 0

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        self.begun += 1
        with super().transaction() as connection:
            yield connection


def side_by_side(*runs: Callable[[], None]) -> None:
    with ThreadPoolExecutor(len(runs)) as threads:
        for done in [threads.submit(run) for run in runs]:
            done.result(PATIENCE_SECONDS)


def opposite_batches(counting: Replicas, rounds: int) -> int:
    """Returns how many transactions there were more than batches."""
    barrier = threading.Barrier(2)
    databases = [Counting(counting.url), Counting(counting.url)]

    def batches(database: Database, names: Sequence[str], prefix: str) -> None:
        journey = counting.journey_on(database)
        for number in range(rounds):
            works = counting.incoming(*(Count(name=name) for name in names), prefix=f"{prefix}{number}")
            barrier.wait(PATIENCE_SECONDS)
            journey.process(works)

    side_by_side(
        lambda: batches(databases[0], NAMES, "one"),
        lambda: batches(databases[1], NAMES[::-1], "other"),
    )
    for database in databases:
        database.close()
    return sum(database.begun for database in databases) - 2 * rounds


def numbers(counting: Replicas) -> set[int]:
    return {tally.number for tally in counting.rows(tallies)}


def test_batches_in_opposite_sequences_do_not_lock_each_other_out(counting: Replicas) -> None:
    """Rows are locked in the sequence of their keys, whatever the batch says; no batch is done twice."""
    counting.tell(*(Count(name=name) for name in NAMES), prefix="first")
    assert opposite_batches(counting, ROUNDS) == 0
    assert numbers(counting) == {1 + 2 * ROUNDS}


def test_rows_locked_one_by_one_would_and_this_suite_notices(
    counting: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: each row is locked when its message is handled. Still no count is lost, as the batch is done again."""
    both_hold_one = threading.Barrier(2)

    def meet_after_the_first(self: Records[Tally], *key: str) -> Tally | None:
        found = get(self, *key)
        if len(self._known) == 1:
            try:
                both_hold_one.wait(1.0)
            except threading.BrokenBarrierError:
                pass  # this batch is done again, alone
        return found

    get = Records.get
    counting.tell(*(Count(name=name) for name in NAMES), prefix="first")
    monkeypatch.setattr("bus.journey.preload", lambda *_: None)
    monkeypatch.setattr(Records, "get", meet_after_the_first)
    assert opposite_batches(counting, 1) > 0
    assert numbers(counting) == {3}


def test_a_deadlock_that_a_handler_brings_about_is_resolved_by_doing_one_batch_again(counting: Replicas) -> None:
    """Two calls lock two rows in opposite sequences, each holding its first when the other asks for it."""
    counting.tell(Count(name="a"), Count(name="b"), prefix="first")
    both_hold_one = threading.Barrier(2)

    def both(*names: str) -> Callable[[Context], None]:
        def count_both(context: Context) -> None:
            store = context.store(Tallies)
            for name in names:
                tally = store.get(name)
                assert tally is not None
                store.put(Tally(name, tally.number + 1))
                try:
                    both_hold_one.wait(1.0)
                except threading.BrokenBarrierError:
                    pass  # the one that is done again meets nobody

        return count_both

    other: Journey = counting.journey_on(counting.keep(Database(counting.url)))
    side_by_side(
        lambda: calling(both("a", "b"))(counting.journey),
        lambda: calling(both("b", "a"))(other),
    )
    assert numbers(counting) == {3}


def test_what_is_claimed_is_claimed_before_anything_is_written(counting: Replicas) -> None:
    """Two replicas that got the same messages in opposite sequences queue up there."""
    written: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        written.extend(re.findall(r"change_\d+ AS \((\w+ \w+ \w+)", statement))

    sa.event.listen(counting.database.engine, "before_cursor_execute", note)
    counting.tell(CountAbroad(name="a"))
    assert written[:2] == ["INSERT INTO inbox", "INSERT INTO effects"]
