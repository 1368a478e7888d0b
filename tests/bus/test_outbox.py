"""What was said in a transaction is stored in it, and published after it until somebody confirms."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from bus import outbox
from bus.envelope import Envelope
from tests.bus.bench import CounterBench
from tests.bus.counter import Count, PassOn, Take, tables
from tests.bus.faults import Through
from tests.bus.house import House, eventually

LEASE = timedelta(seconds=outbox.LEASE_SECONDS)


def sweep(bench: CounterBench) -> list[Envelope]:
    return bench.call(outbox.sweep)


def test_what_is_said_is_stored_with_it(bench: CounterBench) -> None:
    said = bench.batch(bench.arrive(Count(name="a"), "1"), bench.arrive(PassOn(name="b"), "2")).outgoing
    rows = {row.message_id: row for row in bench.rows(tables.outbox)}
    assert [Envelope.from_row(rows[each.id]) for each in said] == said
    assert [each.command for each in said] == [False, True]


def test_a_fresh_row_is_its_committers_to_publish(bench: CounterBench) -> None:
    """And the sweeper's once the lease is over; then it is leased again."""
    said = bench.batch(bench.arrive(Count(name="a"), "1")).outgoing
    bench.clock.advance(LEASE)
    assert sweep(bench) == []
    bench.clock.advance(timedelta(seconds=0.1))
    assert sweep(bench) == said
    assert sweep(bench) == []
    bench.clock.advance(LEASE * 1.1)
    assert sweep(bench) == said


def test_the_sweeper_takes_the_oldest_first_and_so_many_at_a_time(bench: CounterBench) -> None:
    for n in range(3):
        bench.batch(*[bench.arrive(Count(name="a"), f"{n} {m}") for m in range(outbox.SWEEP_LIMIT // 2)])
        bench.clock.advance(timedelta(seconds=1))
    bench.clock.advance(LEASE)
    first, second = sweep(bench), sweep(bench)
    assert (len(first), len(second)) == (outbox.SWEEP_LIMIT, outbox.SWEEP_LIMIT // 2)
    assert {each.causation_id[0] for each in first} == {"0", "1"}
    assert {each.causation_id[0] for each in second} == {"2"}


def test_a_row_is_deleted_only_once_it_is_confirmed(bench: CounterBench) -> None:
    kept, gone = bench.batch(bench.arrive(Count(name="a"), "1"), bench.arrive(Count(name="a"), "2")).outgoing
    bench.call(lambda context: outbox.forget(context.unit, [gone.id]))
    assert [row.message_id for row in bench.rows(tables.outbox)] == [kept.id]


async def test_an_event_without_a_subscriber_vanishes_legally(house: House) -> None:
    house.nobody_hears()
    await house.open()
    await house.tell(Count(name="a"))
    await eventually(lambda: house.totals() == {"a": 1} and house.is_at_rest())
    assert house.heard() == {}


async def test_an_unroutable_command_waits_for_somebody_who_obeys(house: House) -> None:
    """Its row stays, however often it is tried; what else is said goes out meanwhile."""
    looking_on = Through()
    await house.open(transport=looking_on.around)
    await house.tell(PassOn(name="a"))
    await house.tell(Count(name="a"))
    await eventually(lambda: len(house.heard()) == 1 and len(house.rows(tables.outbox)) == 1)
    tries = len(looking_on.published)
    house.later()
    await eventually(lambda: len(looking_on.published) > tries)
    assert len(house.rows(tables.outbox)) == 1
    await house.obey(Take.wire_name)
    house.later()
    await eventually(lambda: len(house.queued("elsewhere")) == 1 and house.is_at_rest())


async def test_while_the_broker_is_away_rows_stay_and_then_go_out(house: House) -> None:
    looking_on = Through()
    await house.open(transport=looking_on.around)
    looking_on.away = True
    for n in range(5):
        await house.tell(Count(name="a"), str(n))
    await eventually(lambda: house.totals() == {"a": 5} and len(looking_on.published) > 0)
    assert len(house.rows(tables.outbox)) == 5
    looking_on.away = False
    house.later()
    await eventually(lambda: len(house.heard()) == 5 and house.is_at_rest())


async def test_what_a_dead_process_left_is_swept_up_by_another(house: House) -> None:
    """Not before its lease is over: so long it is the dead one's."""
    looking_on = Through()
    process = await house.open(transport=looking_on.around)
    looking_on.away = True
    await house.tell(Count(name="a"))
    await eventually(lambda: len(house.rows(tables.outbox)) == 1 and not house.queued())
    await house.end(process)
    other = Through()
    await house.open(transport=other.around)
    await house.tell(Count(name="b"))
    await eventually(lambda: len(house.heard()) == 1 and len(house.rows(tables.outbox)) == 1)
    house.later()
    await eventually(lambda: len(house.heard()) == 2 and house.is_at_rest())


class Slow(Through):
    """Takes as long as it is told to, and knows what is in its hands."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()
        self.in_flight: list[str] = []
        self.overlaps: set[str] = set()

    async def publish(self, batch: Sequence[Envelope]) -> list[Exception | None]:
        ids = [envelope.id for envelope in batch]
        self.overlaps |= set(ids) & set(self.in_flight) | {each for each in ids if ids.count(each) > 1}
        self.in_flight += ids
        await self.go_on.wait()
        self.in_flight = [each for each in self.in_flight if each not in ids]
        return await super().publish(batch)


async def test_one_id_is_never_published_twice_at_once(house: House) -> None:
    """Also if the sweeper finds a row whose publish takes longer than its lease."""
    slow = Slow()
    await house.open(transport=slow.around)
    await house.tell(Count(name="a"), "1")
    await eventually(lambda: len(slow.in_flight) == 1)
    leases = {row.lease_until for row in house.rows(tables.outbox)}
    house.later()
    await eventually(lambda: {row.lease_until for row in house.rows(tables.outbox)} != leases)  # it was swept
    await house.tell(Count(name="a"), "2")
    await eventually(lambda: house.totals() == {"a": 2})
    slow.go_on.set()
    await eventually(lambda: len(house.heard()) == 2 and house.is_at_rest())
    assert slow.overlaps == set()


async def test_more_than_can_wait_in_memory_waits_in_the_table(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is published by the sweeper."""
    monkeypatch.setattr("bus.publisher.WAITING_LIMIT", 3)
    slow = Slow()
    await house.open(transport=slow.around)
    for n in range(10):
        await house.tell(Count(name="a"), str(n))
    await eventually(lambda: house.totals() == {"a": 10})
    slow.go_on.set()
    await eventually(lambda: 3 <= len(house.heard()) < 10)

    def all_heard() -> bool:
        house.later()
        return len(house.heard()) == 10 and house.is_at_rest()

    await eventually(all_heard)
