"""Effects: the intent is committed, carried out at least once outside any transaction, and its outcome counts once."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from bus import effects, performing
from bus.effects import Lease
from bus.envelope import Envelope, origin
from bus.errors import Unavailable
from bus.incoming import Call, decode
from bus.message import Local
from tests.bus.bench import CounterBench
from tests.bus.counter import BellRang, RingBell, Sound, tables
from tests.bus.faults import Switchable
from tests.bus.house import House, eventually

LEASE = timedelta(seconds=effects.LEASE_SECONDS)
OUTCOME = BellRang(name="a", loudness=1)


class Bell:
    """Out of order as often as it is told; and it rings only when it is let."""

    def __init__(self, failures: int = 0, let: bool = True) -> None:
        self.failures = failures
        self.let = asyncio.Event()
        if let:
            self.let.set()

    async def ring(self, effect: RingBell) -> Local:
        await self.let.wait()
        if self.failures:
            self.failures -= 1
            raise ConnectionError("out of order")
        return BellRang(name=effect.name, loudness=2)


def sweep(bench: CounterBench) -> list[Envelope]:
    return [lease.effect for lease in bench.call(effects.sweep)]


def committed(bench: CounterBench) -> Lease:
    done = bench.batch(bench.arrive(Sound(name="a"), "1"))
    bench.note(done)
    [lease] = done.effects
    return lease


def test_an_effect_is_leased_to_whoever_committed_it(bench: CounterBench) -> None:
    effect = committed(bench).effect
    bench.clock.advance(LEASE)
    assert sweep(bench) == []
    bench.clock.advance(timedelta(seconds=0.1))
    assert sweep(bench) == [effect]
    assert sweep(bench) == []


def test_pauses_double_up_to_the_longest(bench: CounterBench) -> None:
    lease = committed(bench)
    pauses = []
    for _ in range(12):
        bench.call(partial(effects.postpone, lease=lease))
        [row] = bench.rows(tables.effects)
        pauses.append(row.lease_until - bench.clock.machine())
        bench.clock.advance(timedelta(seconds=pauses[-1] + 1))
        [lease] = bench.call(effects.sweep)
    assert pauses[:4] == [1, 2, 4, 8]
    assert pauses[-1] == effects.LONGEST_PAUSE


def test_after_years_of_failures_it_is_still_tried(bench: CounterBench) -> None:
    bench.call(partial(effects.postpone, lease=replace(committed(bench), attempt=2000)))
    assert bench.rows(tables.effects) != []


def test_who_fails_late_leaves_the_lease_of_another_alone(bench: CounterBench) -> None:
    """Else a third would begin the call while the other one makes it."""
    late = committed(bench)
    bench.clock.advance(timedelta(seconds=effects.LEASE_SECONDS + 1))
    [lease] = bench.call(effects.sweep)
    bench.call(partial(effects.postpone, lease=late))
    assert [row.lease_until for row in bench.rows(tables.effects)] == [lease.until]


def test_an_outcome_counts_once_though_it_was_carried_out_twice(bench: CounterBench) -> None:
    bench.tell(Sound(name="a"))
    bench.effects *= 2
    assert [name for name, _ in bench.outcome(OUTCOME)] == ["counter.sounded.v1"]
    assert bench.outcome(OUTCOME) == []
    assert bench.rows(tables.effects) == []


def test_an_outcome_of_whoever_takes_himself_for_the_only_one_counts_only_if_he_was(bench: CounterBench) -> None:
    """His lease was over before he was heard, so another has begun, and knows that he is not the first."""
    bench.tell(Sound(name="a"))
    bench.lease_effects_again()
    bench.effects *= 2
    assert bench.outcome(OUTCOME, alone=True) == []
    assert len(bench.outcome(OUTCOME)) == 1
    assert bench.rows(tables.effects) == []


def test_what_has_its_outcome_in_a_batch_is_not_leased_again_in_it(bench: CounterBench) -> None:
    """It would be carried out once more, and nothing would say so."""
    effect = committed(bench).effect
    bench.clock.advance(LEASE + timedelta(seconds=1))
    outcome = replace(effect, type=BellRang.wire_name, body=OUTCOME.model_dump_json().encode())
    sweeping = Call(origin("look", sender="counter", at=""), effects.sweep)
    said = bench.batch(decode(bench.service, outcome, effects.Effects()), sweeping).outgoing
    assert [envelope.type for envelope in said] == ["counter.sounded.v1"]
    assert sweeping.result == []
    assert bench.rows(tables.effects) == []


def test_an_outcome_is_caused_by_its_effect(bench: CounterBench) -> None:
    """One flow, one trace."""
    effect = committed(bench).effect
    assert effect.causation_id == "1"
    bench.outcome(OUTCOME)
    [row] = bench.rows(tables.outbox)
    said = Envelope.from_row(row)
    assert (said.causation_id, said.correlation_id) == (effect.id, effect.correlation_id)
    assert said.traceparent.split("-")[1] == effect.traceparent.split("-")[1]


async def test_an_effect_is_carried_out_and_its_outcome_handled(house: House) -> None:
    await house.open()
    await house.tell(Sound(name="a"))
    await eventually(lambda: len(house.heard()) == 1 and house.is_at_rest())
    assert house.world.rung == ["a"]
    assert list(house.heard().values()) == [{"name": "a", "loudness": 1}]


async def test_what_fails_is_tried_again_after_a_pause(house: House) -> None:
    """By itself, with nothing said meanwhile."""
    house.world.bell = Bell(failures=2).ring
    await house.open()
    await house.tell(Sound(name="a"))
    for attempt in (1, 2):
        pause = 2.0 ** (attempt - 1)
        tried_again_at = house.clock.machine() + pause
        await eventually(lambda: [row.lease_until for row in house.rows(tables.effects)] == [tried_again_at])  # noqa: B023
        assert len(house.world.rung) == attempt
        house.later(pause + 1)
    await eventually(lambda: len(house.heard()) == 1 and house.is_at_rest())
    assert house.world.rung == ["a"] * 3


async def test_one_that_takes_long_is_not_carried_out_twice_at_once(house: House) -> None:
    """The sweeper of the same process leaves it alone until it ends; then it is no longer sure to be the only one."""
    bell = Bell(let=False)
    house.world.bell = bell.ring
    await house.open()
    await house.tell(Sound(name="a"))
    await eventually(lambda: house.world.rung == ["a"])
    [before] = house.rows(tables.effects)
    house.later()
    await eventually(lambda: house.rows(tables.effects)[0].lease_until > before.lease_until)  # it was swept
    assert house.world.rung == ["a"]
    bell.let.set()

    def time_goes_on() -> bool:
        house.later()
        return len(house.heard()) == 1 and house.is_at_rest()

    await eventually(time_goes_on)
    assert house.world.rung == ["a", "a"]


async def test_effects_are_carried_out_side_by_side(house: House) -> None:
    """And no more of them at once than there are places."""
    bell = Bell(let=False)
    house.world.bell = bell.ring
    await house.open()
    for n in range(60):
        await house.tell(Sound(name=str(n)))
    await eventually(lambda: len(house.world.rung) == 50 and len(house.rows(tables.effects)) == 60)
    bell.let.set()
    await eventually(lambda: len(house.heard()) == 60 and house.is_at_rest())


async def test_stopping_abandons_it_and_the_next_process_carries_it_out_again(house: House) -> None:
    """Under the same key, as the effect is the same."""
    house.world.bell = Bell(let=False).ring
    process = await house.open()
    await house.tell(Sound(name="a"))
    await eventually(lambda: house.world.rung == ["a"])
    async with asyncio.timeout(2):
        await house.end(process)
    assert len(house.rows(tables.effects)) == 1
    house.world.bell = Bell().ring
    await house.open()
    house.later()
    await eventually(lambda: len(house.heard()) == 1 and house.is_at_rest())
    assert house.world.rung == ["a", "a"]


async def test_whoever_carries_it_out_is_told_whether_somebody_may_have_done_so_before(house: House) -> None:
    told = []

    async def ring(effect: RingBell) -> Local:
        told.append(effect.again)
        if len(told) == 1:
            await asyncio.Event().wait()
        return OUTCOME

    house.world.bell = ring
    process = await house.open()
    await house.tell(Sound(name="a"))
    await eventually(lambda: told == [False])
    await house.end(process)
    await house.open()
    house.later()
    await eventually(lambda: len(house.heard()) == 1 and house.is_at_rest())
    assert told == [False, True]


def renewed(bench: CounterBench, lease: Lease) -> Lease | None:
    return bench.call(lambda context: effects.renew(context, lease))


def test_a_lease_is_renewed_by_whoever_has_it(bench: CounterBench) -> None:
    """As often as he asks; then nobody else begins, and he is still the first."""
    lease = renewed(bench, committed(bench))
    bench.clock.advance(LEASE + timedelta(seconds=1))
    assert sweep(bench) == []
    assert lease is not None
    assert lease.attempt == 1
    assert renewed(bench, lease) is not None
    assert bench.outcome(OUTCOME, alone=True)


def test_a_lease_that_somebody_else_has_is_not_renewed(bench: CounterBench) -> None:
    mine = committed(bench)
    bench.clock.advance(LEASE + timedelta(seconds=1))
    [others] = bench.call(effects.sweep)
    assert renewed(bench, mine) is None
    assert renewed(bench, others) == replace(others, until=bench.clock.machine() + 2 * effects.LEASE_SECONDS)
    bench.outcome(OUTCOME)
    assert renewed(bench, others) is None, "it is done"


def test_what_has_its_outcome_in_a_batch_is_not_renewed_in_it(bench: CounterBench) -> None:
    lease = committed(bench)
    outcome = replace(lease.effect, type=BellRang.wire_name, body=OUTCOME.model_dump_json().encode())
    renewing = Call(origin("renew", sender="counter", at=""), partial(effects.renew, lease=lease))
    bench.batch(decode(bench.service, outcome, effects.Effects()), renewing)
    assert renewing.result is None
    assert bench.rows(tables.effects) == []


class OnePlace:
    """The first to ring waits until it is let; whoever comes then waits for his place."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(performing, "AT_ONCE", 1)
        self.let = asyncio.Event()
        self.told: list[tuple[str, bool]] = []
        house.world.bell = self.ring

    async def ring(self, effect: RingBell) -> Local:
        self.told.append((effect.name, effect.again))
        await self.let.wait()
        return BellRang(name=effect.name, loudness=1)


async def test_who_had_to_wait_for_a_place_is_still_the_first_if_nobody_else_has_begun(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = OnePlace(house, monkeypatch)
    await house.open()
    await house.tell(Sound(name="a"))
    await eventually(lambda: place.told == [("a", False)])
    await house.tell(Sound(name="b"))
    await eventually(lambda: len(house.rows(tables.effects)) == 2)
    house.later(1)  # too little is left of the lease for a call
    place.let.set()
    await eventually(lambda: len(house.heard()) == 2 and house.is_at_rest())
    assert place.told == [("a", False), ("b", False)]


async def test_what_another_has_begun_while_it_waited_for_a_place_is_his(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He may have done it, and much may have come of that, by the time there is a place: a card would be charged that
    nobody wants charged any more.
    """
    place = OnePlace(house, monkeypatch)
    process = await house.open()
    await house.tell(Sound(name="a"))
    await eventually(lambda: place.told == [("a", False)])
    await house.tell(Sound(name="b"))
    await eventually(lambda: len(house.rows(tables.effects)) == 2)
    is_b = tables.effects.c.subject == "b"
    anothers = {"attempts": 2, "lease_until": house.clock.machine() + 100}
    another_leases = sa.update(tables.effects).where(is_b).values(anothers)
    await process.host.writer.call(lambda context: context.unit.connection.execute(another_leases).rowcount)
    house.later(1)
    place.let.set()
    await eventually(lambda: len(house.heard()) == 1)
    await process.host.writer.call(lambda _: None)
    assert place.told == [("a", False)]
    assert len(house.rows(tables.effects)) == 1


def test_that_it_was_carried_out_before_is_no_part_of_an_effect() -> None:
    assert RingBell(name="a", again=True).model_dump_json() == RingBell(name="a").model_dump_json()


async def test_what_is_committed_while_stopping_is_left_to_the_next_process(house: House) -> None:
    """A process that is stopping begins nothing in the outside world."""
    process = await house.open()
    stopping = asyncio.create_task(process.host.writer.call(lambda c: c.handle(Sound(name="a"))))
    await asyncio.sleep(0)  # it is in line
    await house.end(process)
    await stopping
    await asyncio.sleep(0)
    assert house.world.rung == []
    assert len(house.rows(tables.effects)) == 1


async def test_an_outcome_is_kept_while_the_database_is_away(house: House) -> None:
    """The outside world is not asked again for what it has answered."""
    bell = Bell(let=False)
    house.world.bell = bell.ring
    process = await house.open(database=Switchable)
    assert isinstance(process.database, Switchable)
    await house.tell(Sound(name="a"))
    await eventually(lambda: house.world.rung == ["a"])
    process.database.away = True
    bell.let.set()
    await asyncio.sleep(0)  # its outcome is in line
    with pytest.raises(Unavailable):
        await process.host.writer.call(lambda _: None)
    process.database.away = False
    await eventually(lambda: len(house.heard()) == 1 and house.is_at_rest())
    assert house.world.rung == ["a"]
