"""What the table of a flow is made of: rows, and what can stand in their columns.

Row(while, when, becomes, given=, does=, sends=, undo=, pivot=)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, get_type_hints

from bus.message import Message
from saga.state import State
from saga.undo import Undo


@dataclass(frozen=True)
class Moment:
    """When a row runs, and what its service knows besides the flow's own data."""

    now: datetime
    facts: Any = None


# --- while

any_state = "any state"
after_start = "any state after start"
While = State | tuple[State, ...] | str

# --- when


@dataclass(frozen=True)
class Deadline:
    """This long after the state was entered, business time. A function: it depends on the flow's data."""

    name: str
    after: "timedelta | Callable[[Any], timedelta]"

    def pause(self, data: Any) -> timedelta:
        return self.after if isinstance(self.after, timedelta) else self.after(data)

    def __str__(self) -> str:
        """The name, and how long it takes if that is fixed."""
        return f"{self.name}: {duration_text(self.after)}" if isinstance(self.after, timedelta) else self.name


@dataclass(frozen=True)
class Join:
    """Once this holds: asked on entry, and after every message that the state hears."""

    name: str
    holds: "Callable[[Any], bool]"  # of the instance
    waits_for: tuple[type[Message], ...] = ()


def after(name: str, pause: "Callable[[Any], timedelta] | None" = None, **time: float) -> Deadline:
    """`after("price guarantee", days=7)`, or `after("next try", growing_pause)`: a function of the flow's data."""
    return Deadline(name, pause or timedelta(**time))


def every_undo_confirmed() -> Join:
    """Backward join: nothing that was done is left standing."""
    return Join("every undo confirmed", lambda instance: not any(entry.is_open for entry in instance.undos))


def all_of(*messages: type[Message]) -> Join:
    """Forward join: each of these was heard in this state, in any order. Those that come first are noted."""
    names = {message.__name__ for message in messages}
    return Join(" and ".join(m.__name__ for m in messages), lambda instance: names <= set(instance.heard), messages)


anything_else = "anything else"
When = type[Message] | tuple[type[Message] | Deadline, ...] | Deadline | Join | str

# --- becomes


class Decision(Enum):
    """What else can become of a message than another state. Every pair is decided; none is dropped in silence."""

    STAYS = "stays"
    IGNORED = "ignored"  # known, and nothing to do
    DEFERRED = "deferred"  # too early: kept until the flow has started
    LATE = "late"  # too late: answered with its undo, unless that was sent already
    CONTRADICTION = "contradiction"  # cannot be: a dead letter, for a person


stays, ignored, deferred, late, contradiction = Decision


@dataclass(frozen=True)
class Refused:
    """Ignored as a message; a caller over HTTP is told why, with status 409."""

    why: str


refused = Refused
Becomes = State | Decision | Refused

# --- sends


class Undoing(Enum):
    UNDO_ALL = "undo all"  # everything recorded and not yet undone
    UNDO_AGAIN = "unconfirmed undos again"


undo_all, undo_again = Undoing
Send = Callable[[Any], Message] | Undoing


@dataclass(frozen=True)
class Row:
    """While the flow is in a state, when this happens, and given this rule, it becomes that and sends those."""

    state: While
    when: When
    becomes: Becomes
    given: Callable[[Any, Any], bool] | None = None  # (data, message)
    does: Callable[[Any, Any, Moment], Any] | None = None  # (data, message, moment) → data; before sending
    sends: Sequence[Send] = ()  # each: data → message
    undo: Sequence[Undo] = ()  # of what is sent; recorded now
    pivot: bool = False  # from here on the flow only goes forward: every undo is dropped

    def __str__(self) -> str:
        state = self.state if isinstance(self.state, str) else ", ".join(s.label for s in _tuple(self.state))
        rule = f", given {self.given.__name__}" if self.given else ""
        return f"[while {state}, when {when_text(self.when)}{rule}]"


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def when_text(when: When) -> str:
    if isinstance(when, tuple):
        return ", ".join(when_text(each) for each in when)
    if isinstance(when, Join):
        return when.name
    return when.__name__ if isinstance(when, type) else str(when)


def send_text(send: Send) -> str:
    return send.value if isinstance(send, Undoing) else message_sent(send).__name__


def message_sent(send: Callable[[Any], Message]) -> type[Message]:
    """The class that a sending function says it returns."""
    cls: type[Message] = get_type_hints(send)["return"]
    return cls


def duration_text(duration: timedelta) -> str:
    days = duration.total_seconds() / 86400
    if days >= 1 and days == int(days):
        return f"{int(days)} day{'s' if days > 1 else ''}"
    return str(duration)
