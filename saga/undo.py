"""Compensation: what undoes a command, recorded when that command is sent.

A timeout means "perhaps it happened", so the undo is recorded at sending and not at confirmation. It is dropped when
the command is known to have been refused, and all of them are dropped at the pivot, after which a flow only goes on.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from bus.message import Message


@dataclass(frozen=True)
class Undo:
    """How one command is undone."""

    command: type[Message]  # what undoes it
    send: Callable[[Any, int | None], Message]  # from the flow's data, and the number if there is one
    of: type[Message]  # the command that is undone
    truth: type[Message]  # says that it happened
    refused_by: tuple[type[Message], ...]  # say that it did not
    confirmed_by: tuple[type[Message], ...]  # say that it was undone, or that there is nothing left to undo
    numbered_by: str | None = None  # a field of data and messages that counts repeats, e.g. "attempt"

    @property
    def name(self) -> str:
        return self.command.__name__

    def number(self, data: Any, message: Message | None = None) -> int | None:
        """Which repeat `message` speaks of; the data's current one if it does not say."""
        if self.numbered_by is None:
            return None
        said = getattr(message, self.numbered_by, None)
        current: int = getattr(data, self.numbered_by)
        return current if said is None else said


class UndoStatus(StrEnum):
    RECORDED = "recorded"  # the command went out; perhaps it happened
    DROPPED = "dropped"  # it was refused, or the pivot was passed
    SENT = "sent"  # the undo went out
    CONFIRMED = "confirmed"


@dataclass(frozen=True)
class UndoEntry:
    undo: str
    number: int | None
    status: UndoStatus

    @property
    def is_open(self) -> bool:
        return self.status in (UndoStatus.RECORDED, UndoStatus.SENT)


Entries = tuple[UndoEntry, ...]


def status_of(entries: Entries, name: str, number: int | None) -> UndoStatus | None:
    return next((e.status for e in entries if e.undo == name and e.number == number), None)


def mark(entries: Entries, name: str, number: int | None, status: UndoStatus) -> Entries:
    """The entries, with this one in `status`; it is added if it is not there."""
    if status_of(entries, name, number) is None:
        return (*entries, UndoEntry(name, number, status))
    return tuple(replace(e, status=status) if (e.undo, e.number) == (name, number) else e for e in entries)


def heard(entries: Entries, undos: Iterable[Undo], data: Any, message: Message) -> Entries:
    """What an answer says about the undos: refused ones are dropped, confirmed ones are ticked."""
    for undo in undos:
        number = undo.number(data, message)
        before = status_of(entries, undo.name, number)
        if isinstance(message, undo.refused_by) and before == UndoStatus.RECORDED:
            entries = mark(entries, undo.name, number, UndoStatus.DROPPED)
        elif isinstance(message, undo.confirmed_by) and before in (UndoStatus.RECORDED, UndoStatus.SENT):
            entries = mark(entries, undo.name, number, UndoStatus.CONFIRMED)
    return entries


def drop_all(entries: Entries) -> Entries:
    return tuple(replace(e, status=UndoStatus.DROPPED) if e.is_open else e for e in entries)
