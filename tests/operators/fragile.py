"""A service whose handlers fail in every way that there is, until it is mended."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from bus.errors import NotYet, Poison, Refused, Unavailable
from bus.handler import on
from bus.message import Command, Event, Local, Message
from bus.service import Service
from bus.tables import BusTables
from bus.timers import Timers
from bus.unit import Context

metadata = sa.MetaData()
tables = BusTables(metadata)
marks = sa.Table("marks", metadata, sa.Column("name", sa.Text, primary_key=True), sa.Column("note", sa.Text))


class Mark(Command, owner="fragile", key="name"):
    """Leaves a mark, unless it fails."""

    name: str
    fails: str = ""


class Marked(Event, owner="fragile", key="name"):
    name: str


class Remind(Command, owner="fragile", key="name"):
    name: str
    days: float
    wakes: str = ""
    number: int = 1


class Reminded(Local, owner="fragile", key="name"):
    name: str
    number: int = 1


class Conflict(Exception):
    """What a driver says when two transactions meet."""

    sqlstate = "40001"


@dataclass
class Fragile:
    """`mended`: these failures do not happen any more. `tried`: every attempt, those in vain among them."""

    mended: set[str] = field(default_factory=set)
    tried: list[str] = field(default_factory=list)
    conflicts: int = 1

    def service(self) -> Service:
        handlers = (on(Mark, self.mark), on(Remind, remind), on(Reminded, self.reminded))
        return Service("fragile", metadata, tables, handlers)

    def mark(self, message: Mark, context: Context) -> Iterable[Message]:
        self.tried.append(message.name)
        context.unit.connection.execute(sa.insert(marks).values(name=message.name))
        if message.fails not in self.mended:
            self.fail(message.fails, context)
        return [Marked(name=message.name)]

    def reminded(self, message: Reminded, context: Context) -> Iterable[Message]:
        self.tried.append(message.name)
        if message.name in ("bug",) and "bug" not in self.mended:
            raise ZeroDivisionError("a bug in a timer's handler")
        return [Marked(name=message.name)]

    def fail(self, how: str, context: Context) -> None:
        match how:
            case "refused":
                raise Refused("no such customer: say who")
            case "poison":
                raise Poison("this cannot be")
            case "not yet":
                raise NotYet("too early")
            case "bug":
                raise ZeroDivisionError("division by zero")
            case "integrity":
                context.unit.connection.execute(sa.insert(marks).values(name=self.tried[-1]))
            case "statement":
                context.unit.connection.execute(sa.text("select nothing from nowhere"))
            case "conflict" if self.conflicts:
                self.conflicts -= 1
                raise sa.exc.OperationalError("commit", {}, Conflict())
            case "unavailable":
                raise Unavailable("the database is away")
            case "unstorable":
                raise ValueError("half a \ud800 pair and a \x00")


def remind(message: Remind, context: Context) -> Iterable[Message]:
    due_at = context.now + timedelta(days=message.days)
    reminded = Reminded(name=message.name, number=message.number)
    context.store(Timers).set("reminder", reminded, due_at, context, message.wakes)
    return ()


def names(said: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [body["name"] for _, body in said]
