"""A tiny service on the bus: it counts. Its outside world is a bell, which tests hold in their hands."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from bus.errors import NotYet, Refused
from bus.handler import on, perform
from bus.message import Command, Effect, Event, Local, Message
from bus.records import Records
from bus.service import Service
from bus.tables import BusTables
from bus.timers import Timers, timer_id_of
from bus.unit import Context


class Count(Command, owner="counter", key="name"):
    name: str
    by: int = 1


class Counted(Event, owner="counter", key="name"):
    name: str
    total: int


class Double(Command, owner="counter", key="name"):
    """Makes sense only once something was counted."""

    name: str


class Reset(Command, owner="counter", key="name"):
    """Refused while nothing was counted."""

    name: str


class Stumble(Command, owner="counter", key="name"):
    """Counts, and then meets what the world puts in its way: a bug, at first."""

    name: str


class PassOn(Command, owner="counter", key="name"):
    """Send it to another service."""

    name: str


class Take(Command, owner="elsewhere", key="name"):
    name: str


class Happened(Event, owner="elsewhere", key="name"):
    name: str


class Sound(Command, owner="counter", key="name"):
    name: str


class RingBell(Effect, owner="counter", key="name"):
    name: str


class BellRang(Local, owner="counter", key="name"):
    name: str
    loudness: int


class Sounded(Event, owner="counter", key="name"):
    name: str
    loudness: int


class Remind(Command, owner="counter", key="name"):
    name: str
    days: int


class Forget(Command, owner="counter", key="name"):
    name: str


class ReminderDue(Local, owner="counter", key="name"):
    name: str


class Reminded(Event, owner="counter", key="name"):
    name: str
    at: datetime


metadata = sa.MetaData()
tables = BusTables(metadata)
counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("total", sa.Integer, nullable=False),
)


@dataclass(frozen=True)
class Counter:
    name: str
    total: int


class Counters(Records[Counter]):
    table = counters
    record = Counter


def raising(error: Exception) -> Callable[[], None]:
    def obstacle() -> None:
        raise error

    return obstacle


def there_is_a_bug() -> None:
    raise RuntimeError("there is a bug")


def nothing() -> None:
    """The bug is fixed."""


async def ring(effect: RingBell) -> Local:
    return BellRang(name=effect.name, loudness=1)


@dataclass
class World:
    """What tests decide about."""

    obstacle: Callable[[], None] = there_is_a_bug  # what `Stumble` meets
    reminding: Callable[[], None] = nothing  # what a reminder meets
    bell: Callable[[RingBell], Awaitable[Local]] = ring
    rung: list[str] = field(default_factory=list)  # every call of the bell, done or not

    async def ring(self, effect: RingBell) -> Local:
        self.rung.append(effect.name)
        return await self.bell(effect)

    def stumble(self, message: Stumble, context: Context) -> Iterable[Message]:
        said = count(Count(name=message.name), context)
        self.obstacle()
        return said

    def reminder_due(self, message: ReminderDue, context: Context) -> Iterable[Message]:
        self.reminding()
        return [Reminded(name=message.name, at=context.now)]


def count(message: Count, context: Context) -> Iterable[Message]:
    store = context.store(Counters)
    before = store.get(message.name) or Counter(message.name, 0)
    after = store.put(replace(before, total=before.total + message.by))
    return [Counted(name=message.name, total=after.total)]


def happened(message: Happened, context: Context) -> Iterable[Message]:
    return count(Count(name=message.name), context)


def double(message: Double, context: Context) -> Iterable[Message]:
    before = context.store(Counters).get(message.name)
    if before is None:
        raise NotYet(f"{message.name} has counted nothing yet")
    return count(Count(name=message.name, by=before.total), context)


def reset(message: Reset, context: Context) -> Iterable[Message]:
    before = context.store(Counters).get(message.name)
    if before is None:
        raise Refused(f"there is no counter {message.name}", status=404)
    return count(Count(name=message.name, by=-before.total), context)


def pass_on(message: PassOn, _: Context) -> Iterable[Message]:
    return [Take(name=message.name)]


def sound(message: Sound, _: Context) -> Iterable[Message]:
    return [RingBell(name=message.name)]


def rang(message: BellRang, _: Context) -> Iterable[Message]:
    return [Sounded(name=message.name, loudness=message.loudness)]


def remind(message: Remind, context: Context) -> Iterable[Message]:
    due_at = context.now + timedelta(days=message.days)
    context.store(Timers).set("reminder", ReminderDue(name=message.name), due_at, context)
    return []


def forget(message: Forget, context: Context) -> Iterable[Message]:
    context.store(Timers).cancel(timer_id_of(ReminderDue(name=message.name)))
    return []


def counter_service(world: World) -> Service:
    return Service(
        "counter",
        metadata,
        tables,
        handlers=(
            on(Count, count, Counters),
            on(Double, double, Counters),
            on(Reset, reset, Counters),
            on(Stumble, world.stumble, Counters),
            on(Happened, happened, Counters),
            on(PassOn, pass_on),
            on(Sound, sound),
            on(BellRang, rang),
            on(Remind, remind),
            on(Forget, forget),
            on(ReminderDue, world.reminder_due),
        ),
        performers=(perform(RingBell, world.ring),),
    )
