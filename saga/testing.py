"""A flow tested as a conversation, on its pure step functions: no bus, no database, no clock.

given(trips, "reserving", data=trip).when(HotelFull(...)).then(becomes="abandoned", sends=[TripAbandoned])
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bus.errors import NotYet, Poison, Refused
from bus.message import Message
from saga.flow import Flow
from saga.instance import Instance
from saga.row import Moment
from saga.state import State
from saga.stepping import Step, begin, reach_deadline, step
from saga.undo import UndoEntry

Expected = type[Message] | Message  # a class: any message of it

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def given(
    flow: Flow, state: State | str, *, data: Any = None, undos: Sequence[UndoEntry] = (), facts: Any = None
) -> "Conversation":
    """An instance of `flow` that is in `state`. `facts` is what its rows may ask for besides `data`."""
    instance = replace(begin(flow, "test", "test"), state=flow.state(label(state)).label, data=data, undos=tuple(undos))
    return Conversation(flow, instance, Moment(NEW_YEAR, facts))


@dataclass(frozen=True)
class Conversation:
    """`when` says something to the instance, `then` checks what came of it. Both can be repeated."""

    flow: Flow
    instance: Instance
    moment: Moment
    said: str = "nothing"
    outcome: Step | NotYet | Poison | None = None

    def when(self, message: Message) -> "Conversation":
        return self._do(type(message).__name__, lambda: step(self.flow, self.instance, message, self.moment, "message"))

    def when_deadline(self, name: str) -> "Conversation":
        """The deadline comes, as nothing else did."""
        deadlines = {deadline.name: deadline for deadline in self.flow.deadlines(self.instance.state)}
        assert name in deadlines, f"{self.instance.state} has no deadline {name!r}, only {', '.join(deadlines)}"
        moment = replace(self.moment, now=self.moment.now + deadlines[name].pause(self.instance.data))
        later = replace(self, moment=moment)
        return later._do(name, lambda: reach_deadline(self.flow, self.instance, name, moment, "deadline"))

    def then(self, *, becomes: State | str | None = None, sends: Sequence[Expected] = ()) -> "Conversation":
        """A row was followed: to `becomes` (None: it stays), sending exactly these, in this order."""
        made = self.outcome
        goal = "to stay" if becomes is None else f"to become {label(becomes)}"
        followed = isinstance(made, Step) and made.changed and self._is_in(made, becomes)
        sent = followed and isinstance(made, Step) and fits(sends, made.sends)
        return self._expect(sent, f"{goal}, sending {listed(sends)}")

    def then_ignored(self) -> "Conversation":
        """Nothing was done and nothing sent; at most an undo was ticked or dropped."""
        made = self.outcome
        return self._expect(isinstance(made, Step) and not made.changed and not made.refused, "to ignore it")

    def then_refused(self, why: str = "") -> "Conversation":
        """Nothing was done, and a caller is told `why`, or a sentence with `why` in it."""
        refused = self.outcome.refused if isinstance(self.outcome, Step) else ""
        return self._expect(refused != "" and why in refused, f"to refuse it{f', saying {why!r}' if why else ''}")

    def then_deferred(self) -> "Conversation":
        return self._expect(isinstance(self.outcome, NotYet), "to defer it")

    def then_contradicts(self) -> "Conversation":
        return self._expect(isinstance(self.outcome, Poison), "a contradiction")

    def _do(self, said: str, make: Callable[[], Step]) -> "Conversation":
        try:
            made = make()
        except Refused as error:
            made = Step(self.instance, refused=error.detail)
        except (NotYet, Poison) as accident:
            return replace(self, said=said, outcome=accident)
        return replace(self, said=said, outcome=made, instance=made.instance)

    def _is_in(self, made: Step, becomes: State | str | None) -> bool:
        return made.instance.state == (made.history[0].from_state if becomes is None else label(becomes))

    def _expect(self, holds: bool, expected: str) -> "Conversation":
        happened = told(self.outcome)
        assert holds, f"{self.flow.name}, on {self.said}: expected {expected}; but {happened}"
        return self


def label(state: State | str) -> str:
    return state.label if isinstance(state, State) else state


def fits(expected: Sequence[Expected], sent: Sequence[Message]) -> bool:
    pairs = zip(expected, sent, strict=False)
    return len(expected) == len(sent) and all(type(m) is e if isinstance(e, type) else m == e for e, m in pairs)


def listed(messages: Sequence[Expected]) -> str:
    return ", ".join(m.__name__ if isinstance(m, type) else repr(m) for m in messages) or "nothing"


def told(outcome: Step | NotYet | Poison | None) -> str:
    """What happened, in words."""
    if not isinstance(outcome, Step):
        return str(outcome or "nothing was said yet")
    if outcome.refused:
        return f"it was refused: {outcome.refused}"
    if not outcome.changed:
        return "it was ignored"
    return f"it is {outcome.instance.state}, having sent {listed(outcome.sends)}"
