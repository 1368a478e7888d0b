"""A whole service on the sql transport."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from bus import inbox
from bus.database import Database
from bus.errors import Refused, Unavailable
from bus.unit import Context
from tests.bus.counter import Count, Counters, Double, Reset, Stumble, nothing, tables
from tests.bus.faults import Switchable, Through
from tests.bus.house import House, eventually


class Broken(Database):
    """Fails as no database does, when a message is handled and when it is put aside."""

    broken = True

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        with super().transaction() as connection:
            yield connection
            touched = [connection.execute(sa.select(each)).first() for each in (tables.inbox, tables.dead_letters)]
            if any(touched) and self.broken:
                raise ArithmeticError("unheard of")


async def test_what_is_too_old_goes_piece_by_piece(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A month after a busy day there may be more than one transaction can delete."""
    monkeypatch.setattr(inbox, "PRUNED_AT_ONCE", 2)
    now = house.clock.machine()
    ids = [{"message_id": f"{n}", "at": now - inbox.KEPT_SECONDS - n} for n in range(1, 8)]
    with house.outside.transaction() as connection:
        connection.execute(sa.insert(tables.inbox), [*ids, {"message_id": "young", "at": now}])
    await house.open()
    await eventually(lambda: [row.message_id for row in house.rows(tables.inbox)] == ["young"])


class Gate:
    """Holds up the writer's thread until it is opened."""

    def __init__(self) -> None:
        self._reached, self._open = threading.Event(), threading.Event()

    def hold(self, *_: object) -> None:
        self._reached.set()
        assert self._open.wait(10)

    async def reached(self) -> None:
        assert await asyncio.to_thread(self._reached.wait, 10)

    def open(self) -> None:
        self._open.set()


async def test_messages_are_handled_published_and_acknowledged(house: House) -> None:
    await house.open()
    for n in range(20):
        await house.tell(Count(name="a"), str(n))
    await eventually(lambda: len(house.heard()) == 20 and house.is_at_rest())
    assert house.totals() == {"a": 20}
    assert sorted(body["total"] for body in house.heard().values()) == list(range(1, 21))


async def test_what_comes_twice_counts_once(house: House) -> None:
    await house.open()
    for message_id in ("1", "1", "2", "1"):
        await house.tell(Count(name="a"), message_id)
    await eventually(lambda: house.totals() == {"a": 2} and house.is_at_rest())
    assert len(house.heard()) == 2


async def test_poison_hurts_nobody(house: House) -> None:
    """It is in the dead letters and off the queue, and all the others are handled."""
    for message in (Count(name="a"), Reset(name="none"), Stumble(name="a"), Count(name="a")):
        await house.tell(message, type(message).__name__ + str(len(house.queued())))
    await house.open()  # it finds all of them, in one batch
    await eventually(lambda: house.totals() == {"a": 2} and house.is_at_rest())
    assert {r.message_id: r.status for r in house.rows(tables.dead_letters)} == {
        "Reset1": "parked",
        "Stumble2": "retrying",
    }


async def test_what_was_too_early_is_handled_by_itself_later(house: House) -> None:
    await house.open()
    await house.tell(Double(name="a"), "early")
    await eventually(lambda: len(house.rows(tables.dead_letters)) == 1)
    await house.tell(Count(name="a", by=3))
    await eventually(lambda: house.totals() == {"a": 3})
    house.later()
    await eventually(lambda: house.totals() == {"a": 6})
    assert [row.status for row in house.rows(tables.dead_letters)] == ["redriven"]


async def test_calls_share_the_writers_transactions(house: House) -> None:
    """However many come at once, none meets a locked database."""
    process = await house.open()

    def count(context: Context) -> int:
        context.handle(Count(name="a"))
        counter = context.store(Counters).get("a")
        return counter.total if counter else 0

    assert sorted(await asyncio.gather(*(process.host.writer.call(count) for _ in range(30)))) == list(range(1, 31))
    await eventually(lambda: len(house.heard()) == 30)


async def test_a_refusal_reaches_its_caller_and_nothing_is_stored(house: House) -> None:
    process = await house.open()

    def refuse(context: Context) -> None:
        context.handle(Count(name="a"))
        raise Refused("not today", status=409)

    with pytest.raises(Refused, match="not today") as refused:
        await process.host.writer.call(refuse)
    assert refused.value.status == 409
    assert house.totals() == {}
    assert house.rows(tables.outbox) == []


async def test_a_batch_is_what_arrived_meanwhile(house: House) -> None:
    """While one transaction runs, work gathers; the next takes all of it."""
    process = await house.open()
    gate = Gate()
    first = asyncio.create_task(process.host.writer.call(gate.hold))
    await gate.reached()
    units: set[int] = set()
    calls = [asyncio.create_task(process.host.writer.call(lambda c: units.add(id(c.unit)))) for _ in range(50)]
    await asyncio.sleep(0)  # they get in line
    gate.open()
    await asyncio.gather(first, *calls)
    assert len(units) == 1


async def test_a_caller_who_goes_away_takes_nothing_with_it(house: House) -> None:
    """A cancelled request's write is committed all the same, and so is everybody else's."""
    process = await house.open()
    gate = Gate()
    first = asyncio.create_task(process.host.writer.call(gate.hold))
    await gate.reached()
    call = asyncio.create_task(process.host.writer.call(lambda context: context.handle(Count(name="a"))))
    await house.tell(Count(name="a"))
    await asyncio.sleep(0)
    call.cancel()
    gate.open()
    await first
    await eventually(lambda: house.totals() == {"a": 2} and house.is_at_rest())


async def test_stopping_finishes_and_acknowledges_the_batch_in_hand(house: House) -> None:
    """Nothing of it is left to be delivered again."""
    process = await house.open()
    gate = Gate()
    house.world.obstacle = gate.hold
    await house.tell(Stumble(name="a"))
    await gate.reached()
    stopping = asyncio.create_task(house.end(process))
    await asyncio.wait([stopping], timeout=0.01)
    gate.open()
    await stopping
    assert house.totals() == {"a": 1}
    assert house.queued() == []


async def test_while_the_database_is_away_nothing_is_given_back_or_counted(house: House) -> None:
    """A broker counts deliveries: what is given back again and again in an outage would end up dead."""
    looking_on = Through()
    process = await house.open(database=Switchable, transport=looking_on.around)
    assert isinstance(process.database, Switchable)
    house.world.obstacle = nothing
    process.database.away = True
    await house.tell(Count(name="a"))
    await house.tell(Stumble(name="a"))
    with pytest.raises(Unavailable):
        await process.host.writer.call(lambda _: None)
    process.database.away = False
    await eventually(lambda: house.totals() == {"a": 2} and house.is_at_rest())
    assert looking_on.given_back == []
    assert house.rows(tables.dead_letters) == []


async def test_what_was_committed_is_not_said_to_have_failed(house: House) -> None:
    """Of several in one batch, of which one fails, each is done by itself: the database may go away in between."""
    process = await house.open(database=Switchable)
    assert isinstance(process.database, Switchable)
    call, gate = process.host.writer.call, Gate()

    def refuse(_: Context) -> None:
        raise Refused("no")

    def go_away(_: Context) -> None:
        process.database.away = True  # type: ignore[attr-defined]
        raise Unavailable("gone")

    before = asyncio.create_task(call(gate.hold))
    await gate.reached()
    together = asyncio.gather(*map(call, (lambda _: "done", refuse, go_away)), return_exceptions=True)
    await asyncio.sleep(0)
    gate.open()
    await before
    assert [type(outcome) for outcome in await together] == [str, Refused, Unavailable]
    process.database.away = False


async def test_a_commit_whose_outcome_is_unknown_is_done_once(house: House) -> None:
    """The inbox tells, when the same batch is tried again."""
    process = await house.open(database=Switchable)
    assert isinstance(process.database, Switchable)

    def commit_and_lose_the_answer() -> None:
        process.database.forgetful = True  # type: ignore[attr-defined]
        house.world.obstacle = nothing

    house.world.obstacle = commit_and_lose_the_answer
    await house.tell(Stumble(name="a"))
    await eventually(lambda: house.totals() == {"a": 1} and not house.queued())
    house.later()  # what was said lies in the outbox, and nobody knows but the sweeper
    await eventually(lambda: len(house.heard()) == 1 and house.is_at_rest())
    assert house.totals() == {"a": 1}


async def test_what_cannot_even_be_put_aside_is_given_back(house: House) -> None:
    """An accident of our own, as the broker's limit is the backstop for it; and it is tried again."""
    looking_on = Through()
    process = await house.open(database=Broken, transport=looking_on.around)
    assert isinstance(process.database, Broken)
    await house.tell(Count(name="a"))
    await eventually(lambda: len(looking_on.given_back) > 1)
    process.database.broken = False
    await eventually(lambda: house.totals() == {"a": 1} and house.is_at_rest())


async def test_to_stop_while_the_database_is_away_takes_no_time(house: House) -> None:
    process = await house.open(database=Switchable)
    assert isinstance(process.database, Switchable)
    process.database.away = True
    await house.tell(Count(name="a"))
    async with asyncio.timeout(2):
        await house.end(process)
    await house.open()
    house.later()
    await eventually(lambda: house.totals() == {"a": 1})


@pytest.mark.parametrize("turns", range(6))
async def test_stopping_stops_whatever_happens_at_the_same_time(house: House, turns: int) -> None:
    """A commit wakes the loops in the very turn in which they are cancelled."""
    process = await house.open()
    await process.host.writer.call(lambda _: None)
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(2):
        await house.end(process)
