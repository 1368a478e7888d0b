"""What can go wrong, each by its name, and how often it does while faults last."""

import random
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from minuet.simulation.chance import branch

KINDS: dict[str, float] = {  # how likely at each opportunity, in a run of ordinary intensity
    "crash-before-commit": 0.006,
    "crash-after-commit": 0.006,  # and before what was said is published
    "crash-before-confirm": 0.006,  # what was said is published; nobody hears that it is
    "crash-before-mark": 0.006,  # it is confirmed, and still in the outbox
    "crash-before-ack": 0.006,
    "commit-unknown": 0.008,  # committed, but the connection to the database broke before the answer
    "serialization": 0.015,
    "database-away": 0.005,  # for seconds
    "pause": 0.0007,  # a process stands still for seconds: leases run out, and what arrives meanwhile is one batch
    "slow-machine": 0.05,  # whatever a process does in its database takes long, until it is started anew
    "duplicate": 0.04,
    "delay": 0.01,  # hours or days, while life goes on
    "reorder": 0.3,
    "nack": 0.01,
    "unroutable": 0.005,  # a command of one kind, for seconds
    "broker-away": 0.01,
    "connection-lost": 0.01,  # to the broker, with messages in hand: they come again
    "gateway-unreachable": 0.06,
    "gateway-request-lost": 0.04,  # and nobody can tell that from a lost answer
    "gateway-answer-lost": 0.08,
    "gateway-slow": 0.15,  # slower than its caller waits
    "clock-skew": 0.5,  # a machine's clocks are wrong by up to ten minutes
    "service-down": 0.15,  # a service that crashes stays away for days
    "two-replicas": 0.4,  # of one service
    "operators": 0.05,  # postpone timers, let them go off at once or cancel them, whatever they are for
    "stopped": 0.003,  # in good order, with something in hand, and started again
    "caller-stands-still": 0.05,  # as with a pause, with a call to the gateway in hand: another makes it as well
}
INTENSITIES = (0.0, 0.3, 1.0, 1.0, 3.0, 10.0)  # each run has its own of every kind: some show only without others
MOST_OFTEN = 0.5

Strike = tuple[str, str, int]  # kind, place, and the how manieth opportunity there


class UnknownFault(Exception):
    pass


@dataclass
class Faults:
    """Decides at every opportunity whether a fault strikes. `only` keeps it to these strikes: for shrinking."""

    seed: int
    kinds: Collection[str]
    only: frozenset[Strike] | None = None
    told: Callable[[str, str], None] = lambda _place, _what: None
    healed: bool = False
    struck: list[Strike] = field(default_factory=list)
    _rates: dict[str, float] = field(init=False)
    _chances: dict[tuple[str, str], random.Random] = field(default_factory=dict)
    _opportunities: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        chance = branch(self.seed, "intensity")
        self._rates = {kind: min(MOST_OFTEN, rate * chance.choice(INTENSITIES)) for kind, rate in KINDS.items()}

    def strike(self, kind: str, place: str) -> float | None:
        """None: nothing goes wrong. Else how hard it strikes, from 0 to 1."""
        if self.healed or kind not in self.kinds or not self._rates[kind]:
            return None
        here = (kind, place)
        self._opportunities[here] += 1
        strike = (kind, place, self._opportunities[here])
        drawn, rate = self._chance(here).random(), self._rates[kind]
        if drawn >= rate or (self.only is not None and strike not in self.only):
            return None
        self.struck.append(strike)
        self.told(place, f"FAULT {kind} #{strike[2]}")
        return drawn / rate

    def _chance(self, here: tuple[str, str]) -> random.Random:
        if here not in self._chances:
            self._chances[here] = branch(self.seed, "fault", *here)
        return self._chances[here]


def kinds_of(text: str) -> tuple[str, ...]:
    """`all`, `none`, or names with commas between. Raises UnknownFault, naming those that there are."""
    if text in ("all", "none"):
        return tuple(KINDS) if text == "all" else ()
    names = tuple(name.strip() for name in text.split(","))
    unknown = [name for name in names if name not in KINDS]
    if unknown:
        raise UnknownFault(f"there is no fault {', '.join(unknown)}; there are: all, none, {', '.join(KINDS)}")
    return names
