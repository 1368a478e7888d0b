"""One service on a workbench: the production journey on a real database, without a transport."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

import sqlalchemy as sa

from bus import effects, timers
from bus.clock import ManualClock
from bus.envelope import Envelope, enclose, origin
from bus.inbox import Inbox
from bus.incoming import Call, Incoming, Source, decode
from bus.journey import Committed, Journey
from bus.message import Local, Message
from bus.service import Service
from bus.unit import Context
from tests.databases import OpenDatabase, in_memory

T = TypeVar("T")


class ServiceBench:
    """`tell` it a message, and see what it says. What it intends to do outside lies in `effects`."""

    def __init__(
        self, service: Service, open_database: OpenDatabase = in_memory, clock: ManualClock | None = None
    ) -> None:
        self.service = service
        self.clock = clock or ManualClock()
        self.database = open_database(service.metadata)
        self.journey = Journey(service, self.database, self.clock)
        self.effects: list[Envelope] = []
        self.said: list[tuple[str, dict[str, Any]]] = []  # all of it

    def tell(self, message: Message, *, message_id: str | None = None) -> list[tuple[str, dict[str, Any]]]:
        """Deliver a message. Returns what the service said: (wire name, body), in order."""
        return self._process(self.delivered(message, message_id or str(uuid4())))

    def delivered(self, message: Message, message_id: str) -> Incoming:
        cause = origin(str(uuid4()), sender="test", at="")
        envelope = enclose(message, sender="test", at=self.clock.now(), cause=cause, place=0)
        return decode(self.service, replace(envelope, id=message_id), Inbox())

    def outcome(self, local: Local, *, alone: bool = False) -> list[tuple[str, dict[str, Any]]]:
        """The oldest intended effect was carried out, and this is what came of it.

        `alone`: by the first who was to do so, who takes himself for the only one.
        """
        return self._process(self._outcome(local, effects.FirstAttempts() if alone else effects.Effects()))

    def outcomes(self, *locals: Local, beside: Sequence[Incoming] = ()) -> list[tuple[str, dict[str, Any]]]:
        """The oldest intended effects were carried out, and this is what came of them, heard of in one batch."""
        return self._process(*[self._outcome(local, effects.Effects()) for local in locals], *beside)

    def _outcome(self, local: Local, source: Source) -> Incoming:
        effect = self.effects.pop(0)
        return decode(
            self.service, replace(effect, type=local.wire_name, body=local.model_dump_json().encode()), source
        )

    def lease_effects_again(self) -> None:
        """To somebody else: their leases are over."""
        self.clock.advance(timedelta(seconds=effects.LEASE_SECONDS + 1))
        self.call(effects.sweep)

    def fire_timers(self) -> list[tuple[str, dict[str, Any]]]:
        """Let every timer that is due go off, in due order."""
        with self.database.snapshot() as connection:
            due = timers.due(connection, self.service.tables.timers, self.clock.now())
        return [said for envelope in due for said in self._handle(envelope, timers.DueTimers())]

    def sweep(self) -> list[tuple[str, dict[str, Any]]]:
        """What the service does every second or so."""
        before = len(self.said)
        for sweep in self.service.sweeps:
            with self.database.snapshot() as connection:
                due = sweep.is_due(connection, self.clock.machine())
            if due:
                self.call(sweep.carry_out)
        return self.said[before:]

    def call(self, run: Callable[[Context], T]) -> T:
        """An HTTP write. Raises what it raised."""
        work = Call(origin(str(uuid4()), sender="test", at=""), run)
        self._process(work)
        if work.error:
            raise work.error
        result: T = work.result
        return result

    def dead_letters(self) -> list[Any]:
        with self.database.snapshot() as connection:
            return list(connection.execute(sa.select(self.service.tables.dead_letters)))

    def _handle(self, envelope: Envelope, source: Source) -> list[tuple[str, dict[str, Any]]]:
        return self._process(decode(self.service, envelope, source))

    def note(self, committed: Committed) -> None:
        """Remember what a commit left to be done, and to be said."""
        self.effects += [lease.effect for lease in committed.effects]
        self.said += [(envelope.type, json.loads(envelope.body)) for envelope in committed.outgoing]

    def _process(self, *works: Any) -> list[tuple[str, dict[str, Any]]]:
        before = len(self.said)
        self.note(self.journey.process(works))
        return self.said[before:]
