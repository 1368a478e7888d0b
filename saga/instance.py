"""One run of a flow."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from saga.state import name_of
from saga.undo import Entries


@dataclass(frozen=True)
class Instance:
    instance_id: str
    subject: str  # the business object that it is about; several instances may be about one
    flow: str
    revision: int  # of the table that it started with
    state: str  # a label
    generation: int = 0  # of the state: a deadline of an older one is stale
    steps: int = 0  # rows of its history
    data: Any = None
    undos: Entries = ()
    heard: tuple[str, ...] = ()  # in this state, for forward joins
    created_at: datetime | None = None
    updated_at: datetime | None = None

    def enter(self, state: str) -> "Instance":
        """Into another state; between variants of one state its deadlines and what was heard go on.

        To and from the state's own human task, what was heard goes on; so it does into the same state again, whose
        deadlines begin anew.
        """
        if name_of(state) == name_of(self.state) and state != self.state:
            return replace(self, state=state)
        goes_on = state == self.state or is_task_of(state, self.state) or is_task_of(self.state, state)
        return replace(self, state=state, generation=self.generation + 1, heard=self.heard if goes_on else ())


def is_task_of(task: str, origin: str) -> bool:
    """Does this human task remember that state?"""
    return task.partition("/")[2] == origin


@dataclass(frozen=True)
class HistoryRow:
    """One transition: when, from where to where, because of which message, sending which; by whom and why, if said."""

    at: datetime
    from_state: str
    to_state: str
    because: str
    message_id: str
    sent: list[str] = field(default_factory=list)
    author: str = ""
    reason: str = ""
