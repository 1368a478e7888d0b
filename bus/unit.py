"""The unit of work: one transaction, what was read in it, and what it is going to say."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import sqlalchemy as sa

from bus.envelope import Envelope, enclose
from bus.ids import derived
from bus.message import Command, Effect, Event, Local, Message
from bus.writes import Writes

if TYPE_CHECKING:
    from bus.service import Service


class Store:
    """Access to one noun's tables within one unit of work, whose writes it gathers."""

    def __init__(self, unit: "UnitOfWork") -> None:
        self.unit = unit
        self.connection = unit.connection

    def prepare(self, messages: Sequence[Message]) -> None:
        """Read, and lock, what a batch is going to ask for: one statement instead of one a message."""
        self.preload(message.subject for message in messages)

    def preload(self, subjects: Iterable[str]) -> None:
        """Read, and lock, the records of these subjects."""

    def flush(self) -> None:
        """Hand what is to be written to the unit's `writes`."""


S = TypeVar("S", bound=Store)


class UnitOfWork:
    """Everything between "a batch arrived" and "it is committed". Plain synchronous code, one thread."""

    def __init__(self, service: "Service", connection: sa.Connection, now: datetime, machine: float) -> None:
        self.service = service
        self.connection = connection
        self.now = now
        self.machine = machine
        self.outgoing: list[Envelope] = []
        self.effects: list[Envelope] = []
        self.presumed_done: set[str] = set()  # effects whose outcomes are being handled
        self.unheard: dict[str, Envelope | None] = {}  # those whose turn has not come; None: its row is still there
        self.writes = Writes(connection)
        self.earliest_timer: datetime | None = None  # of those that it sets
        self._stores: dict[type[Store], Store] = {}

    def store(self, cls: type[S]) -> S:
        """The unit's one instance of a store, so that everyone in it sees the same records."""
        found = self._stores.get(cls)
        if found is None:
            found = self._stores[cls] = cls(self)
        assert isinstance(found, cls)
        return found

    def note_timer(self, due_at: datetime) -> None:
        self.earliest_timer = due_at if self.earliest_timer is None else min(due_at, self.earliest_timer)

    def flush(self) -> None:
        """Write what was gathered. Raises Conflict."""
        for store in self._stores.values():
            store.flush()
        self.writes.flush()


class Context:
    """What a handler may know and do besides its message: the time, new ids, its service's stores, saying more."""

    def __init__(self, unit: UnitOfWork, cause: Envelope) -> None:
        self.unit = unit
        self.cause = cause
        self.now = unit.now
        self._sent = 0

    def store(self, cls: type[S]) -> S:
        return self.unit.store(cls)

    def new_id(self, purpose: str) -> UUID:
        """An id for something that this message brings about; the same again if the message is handled again."""
        return derived(self.cause.id, self.unit.service.name, purpose)

    def handle(self, message: Message) -> None:
        """Do now, in this transaction, what the service does on `message`."""
        self.send(self.unit.service.handler(type(message)).handle(message, self))

    def send(self, messages: Iterable[Message]) -> list[Envelope]:
        """Stage messages for the outbox and effects for the performer; handle local ones at once."""
        return [self._send(message) for message in messages]

    def _send(self, message: Message) -> Envelope:
        self._sent += 1
        envelope = enclose(message, sender=self.unit.service.name, at=self.now, cause=self.cause, place=self._sent)
        match message:
            case Command() | Event():
                self.unit.outgoing.append(envelope)
            case Effect():
                self.unit.effects.append(envelope)
            case Local():
                self.handle(message)
            case _:
                raise TypeError(f"{type(message).__name__} is neither command, event, effect nor local")
        return envelope
