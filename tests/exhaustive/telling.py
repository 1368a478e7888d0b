"""The pure flow, told messages in every sequence there is: no bus, no database, no clock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bus.errors import NotYet, Poison, Refused
from bus.message import Message
from saga.flow import Flow
from saga.instance import Instance
from saga.row import Decision, Moment
from saga.state import Kind
from saga.stepping import Step, begin, reach_deadline, step
from saga.testing import NEW_YEAR


@dataclass(frozen=True)
class Comes:
    """A deadline comes, if the present state has it; without a name the state's first."""

    name: str = ""


Said = Message | Comes


@dataclass(frozen=True)
class Told:
    """An instance, and all that was said to it and by it so far."""

    instance: Instance
    now: datetime = NEW_YEAR
    heard: tuple[Said, ...] = ()
    sent: tuple[Message, ...] = ()
    because: tuple[str, ...] = ()  # of its history
    parked: tuple[Message, ...] = ()  # as they contradict the table
    deferred: tuple[Message, ...] = ()

    @property
    def state(self) -> str:
        return self.instance.state.partition("/")[0]

    def count(self, kind: type[Message], **fields: Any) -> int:
        """How many of these were sent."""
        found = [message for message in self.sent if isinstance(message, kind)]
        return sum(all(getattr(message, name) == value for name, value in fields.items()) for message in found)

    def names(self) -> str:
        return ", ".join(s.name or "a deadline" if isinstance(s, Comes) else type(s).__name__ for s in self.heard)


class Teller:
    """`facts` is what the flow's rows may ask for. Fails where a step does what no table declares."""

    def __init__(self, flow: Flow, facts: Any) -> None:
        self.flow = flow
        self._facts = facts
        self._contradictions = {
            (cell.state.label, cell.trigger) for cell in flow.cells if cell.row.becomes is Decision.CONTRADICTION
        }

    def beginning(self) -> Told:
        return Told(begin(self.flow, "test", "test"))

    def tell(self, told: Told, said: Said) -> Told:
        before = replace(told, heard=(*told.heard, said))
        if isinstance(said, Comes):
            return self._deadline(before, said)
        try:
            after = self._take(before, step(self.flow, told.instance, said, self._moment(before), "message"))
        except NotYet:
            return replace(before, deferred=(*told.deferred, said))
        except Refused:
            return before
        except Poison:
            assert (told.instance.state, type(said)) in self._contradictions, f"{before.names()}: no such cell"
            return replace(before, parked=(*told.parked, said))
        return self._retry(after) if told.instance.data is None else after

    def _retry(self, told: Told) -> Told:
        """What came before the start is tried again, as the bus does."""
        waiting, told = told.deferred, replace(told, deferred=())
        for message in waiting:
            told = self.tell(replace(told, heard=told.heard[:-1]), message)
        return told

    def _deadline(self, told: Told, comes: Comes) -> Told:
        deadlines = self.flow.deadlines(told.instance.state)
        found = sorted(
            (each for each in deadlines if comes.name in ("", each.name)),
            key=lambda each: each.pause(told.instance.data),
        )
        if not found:
            return told
        told = replace(told, now=told.now + found[0].pause(told.instance.data))
        return self._take(told, reach_deadline(self.flow, told.instance, found[0].name, self._moment(told), "deadline"))

    def _take(self, told: Told, made: Step) -> Told:
        label = made.instance.state
        assert self.flow.state(label).kind is not Kind.WAITING or self.flow.deadlines(label), f"{label} waits for ever"
        because = (*told.because, *(row.because for row in made.history))
        return replace(told, instance=made.instance, sent=(*told.sent, *made.sends), because=because)

    def _moment(self, told: Told) -> Moment:
        return Moment(told.now, self._facts)


May = Callable[[Told, Said], bool]


def ends(teller: Teller, beginning: Told, messages: Sequence[Said], may: May = lambda _told, _said: True) -> list[Told]:
    """What every permutation of the messages comes to, those that come to the same told once.

    `may` says whether something can be said already; if it cannot, it is said as soon as it can. Two sequences that led
    to the same instance, with the same said and unsaid, have the same future: a step is a function of these.
    """
    found: dict[Any, Told] = {}
    ahead: list[tuple[Told, tuple[int, ...], tuple[int, ...]]] = [(beginning, tuple(range(len(messages))), ())]
    seen: set[Any] = set()
    while ahead:
        told, unsaid, held = ahead.pop()
        if not unsaid:
            found.setdefault(identity(told), told)
        for number in unsaid:
            rest = tuple(other for other in unsaid if other != number)
            after, still = say(teller, told, messages, (*held, number), may)
            key = (identity(after), rest, still)
            if key not in seen:
                seen.add(key)
                ahead.append((after, rest, still))
    return list(found.values())


def say(
    teller: Teller, told: Told, messages: Sequence[Said], numbers: tuple[int, ...], may: May
) -> tuple[Told, tuple[int, ...]]:
    """Say of these what can be said, until nothing more can. Returns what still cannot."""
    while True:
        number = next((number for number in numbers if may(told, messages[number])), None)
        if number is None:
            return told, numbers
        numbers = tuple(other for other in numbers if other != number)
        told = teller.tell(told, messages[number])


def identity(told: Told) -> Any:
    """All that its future, and the judgement of it, depend on."""
    instance = told.instance
    data = None if instance.data is None else instance.data.model_dump_json()
    words = tuple(map(word, told.sent)), tuple(map(word, told.parked)), tuple(map(word, told.deferred))
    return instance.state, instance.undos, instance.heard, data, words, tuple(sorted(told.because))


def word(message: Message) -> tuple[str, Any, Any]:
    return type(message).__name__, getattr(message, "attempt", None), getattr(message, "call", None)


def finished(teller: Teller, told: Told, answers: Callable[[Told, Message], Sequence[Message]], person: Said) -> Told:
    """Everybody answers what was asked and not answered; deadlines come; a person does his: until it has ended."""
    answered, already = 0, [word(said) for said in told.heard if isinstance(said, Message)]
    for _ in range(60):
        if answered < len(told.sent):
            asked = told.sent[answered]
            answered += 1
            for answer in answers(told, asked):
                if word(answer) in already:
                    already.remove(word(answer))
                else:
                    told = teller.tell(told, answer)
            continue
        kind = teller.flow.state(told.instance.state).kind
        if kind is Kind.END:
            return told
        told = teller.tell(told, person if kind is Kind.HUMAN else Comes())
    raise AssertionError(f"{told.names()}: still {told.instance.state}")
