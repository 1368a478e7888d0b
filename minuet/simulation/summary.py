"""What many runs amount to."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from rich.table import Table

from minuet.simulation.faults import KINDS
from minuet.simulation.oracle.tables import FLOWS
from minuet.simulation.running import Result
from minuet.simulation.visits import Visits, missing, possible

YEAR = timedelta(days=365)
NAMED = 10  # of what was never visited, at most so many


@dataclass
class Summary:
    runs: int = 0
    orders: int = 0
    messages: int = 0
    virtual: timedelta = timedelta(0)
    seconds: float = 0.0  # of all cores
    faults: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    moves: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    visits: Visits = field(default_factory=Counter)
    violations: list[Result] = field(default_factory=list)

    def add(self, result: Result) -> None:
        self.runs += 1
        self.orders += len(result.schedule.orders)
        self.messages += result.messages
        self.virtual += result.virtual
        self.seconds += result.seconds
        self.faults.update(kind for kind, _, _ in result.struck)
        self.ends.update(result.states)
        self.moves.update(result.moves)
        self.visits.update(result.visits)
        if result.violation is not None:
            self.violations.append(result)

    def lines(self) -> list[str]:
        seconds = max(self.seconds, 1e-9)
        return [
            f"{self.runs} runs, {self.orders} orders, {self.messages} messages, "
            f"{self.virtual / YEAR:.1f} virtual years",
            f"{self.orders / seconds:.0f} orders and {self.moves.total() / seconds:.0f} transitions a second and core",
            *(line for flow in FLOWS for line in self._visited(flow)),
            "ends: " + ", ".join(f"{name} {count}" for name, count in sorted(self.ends.items())),
            f"violations: {len(self.violations)}",
        ]

    def _visited(self, flow: str) -> Iterator[str]:
        """How much of the flow was seen at work, and what was not."""
        rows, states = missing(flow, self.visits), self._states_missing(flow)
        every, left = possible(flow), len(FLOWS[flow].states)
        yield f"{flow} flow: {left - len(states)} of {left} states, {len(every) - len(rows)} of {len(every)} rows"
        never = [*states, *rows]
        yield from (f"  never {what}" for what in never[:NAMED])
        if len(never) > NAMED:
            yield f"  and {len(never) - NAMED} more"

    def _states_missing(self, flow: str) -> list[str]:
        seen = {state for name, before, _, after in self.moves if name == flow for state in (before, after)}
        return sorted({state.label for state in FLOWS[flow].states} - seen)

    def unseen(self) -> list[str]:
        """Kinds of faults that never struck, and what of the flows was never visited."""
        kinds = [kind for kind in KINDS if not self.faults[kind]]
        return kinds + [what for flow in FLOWS for what in (*self._states_missing(flow), *missing(flow, self.visits))]

    def fault_table(self) -> Table:
        table = Table("fault", "times", title="The faults", title_justify="left")
        for kind in KINDS:
            table.add_row(kind, str(self.faults[kind]))
        return table
