"""A tiny service that counts: every message that is handled leaves a trace, so handling one twice shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bus.handler import on, perform
from bus.message import Command, Effect, Event, Local, Message
from bus.records import Records
from bus.service import Service
from bus.tables import BusTables
from bus.timers import Timers
from bus.unit import Context

metadata = sa.MetaData()
bus_tables = BusTables(metadata)
tallies = sa.Table(
    "tallies",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
)


@dataclass(frozen=True)
class Tally:
    name: str
    number: int = 0


class Tallies(Records[Tally]):
    table = tallies
    record = Tally


class Count(Command, owner="tally", key="name"):
    name: str


class Counted(Event, owner="tally", key="name"):
    name: str


class CountLater(Command, owner="tally", key="name"):
    name: str
    due_at: datetime


class Due(Local, owner="tally", key="name"):
    name: str


class CountElsewhere(Effect, owner="tally", key="name"):
    name: str


class CountAbroad(Command, owner="tally", key="name"):
    name: str


def count(message: Count | Due, context: Context) -> Iterable[Message]:
    store = context.store(Tallies)
    before = store.get(message.name) or Tally(message.name)
    store.put(Tally(message.name, before.number + 1))
    return [Counted(name=message.name)]


def count_later(command: CountLater, context: Context) -> Iterable[Message]:
    context.store(Timers).set("later", Due(name=command.name), command.due_at, context)
    return []


def count_abroad(command: CountAbroad, _: Context) -> Iterable[Message]:
    return [CountElsewhere(name=command.name)]


async def call(effect: CountElsewhere) -> Due:
    return Due(name=effect.name)


service = Service(
    "tally",
    metadata,
    bus_tables,
    (on(Count, count, Tallies), on(Due, count, Tallies), on(CountLater, count_later), on(CountAbroad, count_abroad)),
    (perform(CountElsewhere, call),),
)
