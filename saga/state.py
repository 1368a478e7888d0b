"""States of a flow."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    START = "start"
    WAITING = "waiting"  # for a message; it must have a deadline
    HUMAN = "human"  # for a person: an open task, which needs no deadline
    END = "end"


@dataclass(frozen=True)
class State:
    """`variant` tells apart states that look the same from outside but lead on differently.

    To go from one variant to another is to stay: deadlines go on.
    """

    name: str
    variant: str = ""
    kind: Kind = Kind.WAITING

    @property
    def label(self) -> str:
        """The state as it is stored and printed, e.g. "withdrawing_payment/price"."""
        return f"{self.name}/{self.variant}" if self.variant else self.name

    def within(self, origin: "State") -> "State":
        """This human task, remembering the state that it came from: whatever that one heard, this one hears too."""
        return State(self.name, origin.label, self.kind)


def name_of(label: str) -> str:
    """The state as it is shown: "withdrawing_payment/price" → "withdrawing_payment"."""
    return label.partition("/")[0]
