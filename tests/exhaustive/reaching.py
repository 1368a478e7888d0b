"""Everything that a flow can be told, told to its real service: breadth first, over copies of its database."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from bus.delivery import open_delivery
from bus.envelope import Envelope, enclose, origin
from bus.errors import Refused as RefusedCall
from bus.incoming import Source, decode
from bus.message import Message
from bus.timers import DueTimers
from bus.transport import Delivery
from saga.cells import Cell, Trigger
from saga.flow import Flow
from saga.row import Decision, Join, Refused
from saga.stepping import text
from tests.service_bench import ServiceBench

Pair = tuple[str, str]  # state, and what it is told
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Way:
    """One thing that can be said to the service now. If it `comes_again`, saying it twice is delivering it twice."""

    trigger: Trigger
    message: Message | None
    say: Callable[[], object]
    comes_again: bool = True


@dataclass(frozen=True)
class Standing:
    """What the service's database says of one instance."""

    state: str
    data: Any
    undos: str
    steps: int
    said: int  # messages in the outbox
    letters: tuple[tuple[str, str], ...]  # status and cause
    calls: tuple[str, ...]  # effects that are not known to have been carried out


class Bench(ServiceBench):
    """A service whose database can be put aside, and put back."""

    @property
    def raw(self) -> sqlite3.Connection:
        connection = self.database.engine.raw_connection().driver_connection
        assert isinstance(connection, sqlite3.Connection)
        return connection

    def copy(self) -> sqlite3.Connection:
        kept = sqlite3.connect(":memory:")
        self.raw.backup(kept)
        return kept

    def put_back(self, kept: sqlite3.Connection) -> None:
        kept.backup(self.raw)

    def rows(self, query: str, *values: Any) -> list[Any]:
        return self.raw.execute(query, values).fetchall()

    def by_wire(self, message: Message) -> Way:
        """As bytes, as a transport delivers it."""
        cause = origin(str(uuid4()), sender="somebody", at="")
        envelope = enclose(message, sender=message.owner, at=self.clock.now(), cause=cause, place=0)
        delivery = Delivery(self.service.name, envelope.headers(), envelope.body, None)
        return Way(type(message), message, lambda: self._process(open_delivery(self.service, delivery)))

    def by_call(self, message: Message, call: Callable[[Any], Any]) -> Way:
        """As an HTTP endpoint does. Whoever is refused is told why, and nothing was done."""

        def say() -> None:
            try:
                self.call(call)
            except RefusedCall:
                pass

        return Way(type(message), message, say, comes_again=False)

    def by_source(self, envelope: Envelope, source: Source, trigger: Trigger) -> Way:
        """As the outcome of an effect, or a timer that goes off."""
        incoming = decode(self.service, envelope, source)
        message = None if isinstance(source, DueTimers) else incoming.message
        return Way(trigger, message, lambda: self._process(decode(self.service, envelope, source)))

    def timers(self, flow: Flow, instance_id: str, state: str) -> Iterator[Way]:
        """Each deadline that is armed, as if no other had come before it."""
        deadlines = {deadline.name: deadline for deadline in flow.deadlines(state)}
        for name, due_at, headers, body in self.rows("SELECT name, due_at, headers, body FROM timers ORDER BY 2, 1"):
            about = json.loads(body)
            if (about["flow"], about["instance_id"]) == (flow.name, instance_id):
                way = self.by_source(Envelope.parse(json.loads(headers), body), DueTimers(), deadlines[name])
                yield replace(way, say=partial(self._wait_and, way.say, datetime.fromisoformat(due_at)))

    def _wait_and(self, say: Callable[[], object], due_at: datetime) -> None:
        self.clock.advance(max(timedelta(0), due_at.replace(tzinfo=UTC) - self.clock.now()))
        say()


@dataclass
class Reaching:
    """`ways` tells what can be said now; `key` what tells two standings apart; `within` how far to go."""

    bench: Bench
    flow: Flow
    instance_id: str
    ways: Callable[[Standing], Iterable[Way]]
    key: Callable[[Standing], Key]
    within: Callable[[Standing], bool]
    pairs: Counter[Pair] = field(default_factory=Counter)
    taken: set[int] = field(default_factory=set)  # the numbers of cells
    places: int = 0

    def explore(self) -> None:
        ahead, seen = [(self.bench.copy(), ())], {self.key(self.standing())}
        for kept, path in ahead:
            self.places += 1
            self.bench.put_back(kept)
            before = self.standing()
            for way in list(self.ways(before)):
                self.bench.put_back(kept)
                after = self.take(before, way, (*path, text(way.trigger)))
                if self.within(after) and self.key(after) not in seen:
                    seen.add(self.key(after))
                    ahead.append((self.bench.copy(), (*path, text(way.trigger))))  # type: ignore[arg-type]
            kept.close()

    def take(self, before: Standing, way: Way, path: Sequence[str]) -> Standing:
        """Say it, judge what the service did by what the table declares, and say it again: nothing more happens."""
        way.say()
        after = self.standing()
        cell = self.cell(before if before.data else after, before.state, way)
        wrong = self.deviation(cell, before, after)
        assert not wrong, f"{' > '.join(path)}: while {before.state}, {wrong}"
        self.pairs[before.state, text(way.trigger)] += 1
        self.note(cell, before.steps)
        if way.comes_again:
            way.say()
            again = self.standing()
            assert (again.state, again.steps, again.said) == (after.state, after.steps, after.said), f"{path} twice"
        return after

    def cell(self, known: Standing, state: str, way: Way) -> Cell:
        """The upper one that fits."""
        cells = [cell for cell in self.flow.cells if (cell.state.label, cell.trigger) == (state, way.trigger)]
        return next(c for c in cells if c.row.given is None or (known.data and c.row.given(known.data, way.message)))

    def deviation(self, cell: Cell, before: Standing, after: Standing) -> str:
        """What the service did otherwise than the cell says; nothing if it did that."""
        lines = self.history(before.steps)
        joined = bool(lines) and lines[0][2] in map(text, self.flow.joins(before.state))
        parked = after.letters[len(before.letters) :]
        match cell.row.becomes:
            case Decision.CONTRADICTION:
                fine = not lines and [s for s, cause in parked if cause.startswith("contradiction: ")] == ["parked"]
            case Decision.DEFERRED:
                fine = not lines and [s for s, cause in parked if "came before" in cause] == ["retrying"]
            case Decision.IGNORED if joined:  # it was the last that an undo waited for
                fine = not parked
            case Decision.IGNORED | Refused():
                fine = not lines and not parked and after.said == before.said
            case Decision.LATE | Decision.STAYS:
                fine = not parked and (not lines or lines[0][:3] == (before.state, before.state, text(cell.trigger)))
            case _:
                fine = not parked and lines[0][:3] == (before.state, cell.target.label, text(cell.trigger))
        return "" if fine else f"{text(cell.trigger)} → {lines}, {parked}; the table says {cell.row}"

    def note(self, cell: Cell, steps: int) -> None:
        self.taken.add(self.flow.cells.index(cell))
        for state, _, because in self.history(steps)[1:]:
            joins = [c for c in self.flow.cells if c.state.label == state and isinstance(c.trigger, Join)]
            self.taken.update(self.flow.cells.index(c) for c in joins if text(c.trigger) == because)

    def history(self, after_step: int) -> list[Any]:
        query = (
            "SELECT from_state, to_state, because FROM saga_history"
            " WHERE flow = ? AND instance_id = ? AND step > ? ORDER BY step"
        )
        return self.bench.rows(query, self.flow.name, self.instance_id, after_step)

    def standing(self) -> Standing:
        query = "SELECT state, data, undos, steps FROM saga_instances WHERE flow = ? AND instance_id = ?"
        found = self.bench.rows(query, self.flow.name, self.instance_id)
        said = self.bench.rows("SELECT count(*) FROM outbox")[0][0]
        letters = tuple(self.bench.rows("SELECT status, cause FROM dead_letters ORDER BY first_at, message_id"))
        effects = "SELECT headers ->> 'ce-type', body ->> 'call' FROM effects ORDER BY 1, 2"
        calls = tuple(f"{kind} {call}" for kind, call in self.bench.rows(effects))
        if not found:
            return Standing(self.flow.start.label, None, "[]", 0, said, letters, calls)
        state, data, undos, steps = found[0]
        return Standing(state, self.flow.data.model_validate_json(data), undos, steps, said, letters, calls)

    # --- what was reached

    def unreached_pairs(self) -> list[Pair]:
        """Of all states and messages, and all deadlines."""
        heard = [cell for cell in self.flow.cells if not isinstance(cell.trigger, Join)]
        return sorted({(cell.state.label, text(cell.trigger)) for cell in heard} - set(self.pairs))

    def unreached_rows(self) -> list[str]:
        """Those that are not among the pairs that were not reached."""
        pairs = set(self.unreached_pairs())
        cells = [cell for number, cell in enumerate(self.flow.cells) if number not in self.taken]
        return [f"{c.state.label}: {c.row}" for c in cells if (c.state.label, text(c.trigger)) not in pairs]
