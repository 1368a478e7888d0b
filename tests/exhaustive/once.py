"""A fault that strikes once, at a given opportunity, and at no other."""

from collections import Counter
from dataclasses import dataclass, field

from minuet.simulation.faults import Faults, Strike

CRASHES = (
    "crash-before-commit",
    "crash-after-commit",
    "crash-before-confirm",
    "crash-before-mark",
    "crash-before-ack",
)
HARD = 0.1  # soon enough after a publish that what was confirmed is not marked yet


@dataclass
class Once(Faults):
    """`only` strike, with certainty. Counts every opportunity that there is, once there are `awake` ones."""

    awake: bool = False
    opportunities: Counter[tuple[str, str]] = field(default_factory=Counter)

    def strike(self, kind: str, place: str) -> float | None:
        if not self.awake or kind not in self.kinds:
            return None
        self.opportunities[kind, place] += 1
        strike = (kind, place, self.opportunities[kind, place])
        if self.only is None or strike not in self.only:
            return None
        self.struck.append(strike)
        self.told(place, f"FAULT {kind} #{strike[2]}")
        return HARD

    def points(self) -> list[Strike]:
        """Every opportunity that there was."""
        return [(*here, number) for here, count in self.opportunities.items() for number in range(1, count + 1)]
