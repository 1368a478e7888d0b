"""What many runs amount to."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from rich.table import Table

from minuet.simulation.faults import KINDS
from minuet.simulation.oracle.flow import moves
from minuet.simulation.running import Result

YEAR = timedelta(days=365)


@dataclass
class Summary:
    runs: int = 0
    orders: int = 0
    messages: int = 0
    virtual: timedelta = timedelta(0)
    seconds: float = 0.0  # of all cores
    faults: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    moves: Counter[tuple[str, str, str]] = field(default_factory=Counter)
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
        if result.violation is not None:
            self.violations.append(result)

    def lines(self) -> list[str]:
        transitions = self.moves.total()
        seen = {(before, because) for before, because, _ in self.moves}
        states = {before for before, _ in moves()}
        visited = {before for before, _ in seen}
        leading = {pair for pair, cells in moves().items() if any(cell.target != cell.state for cell in cells)}
        seconds = max(self.seconds, 1e-9)
        return [
            f"{self.runs} runs, {self.orders} orders, {self.messages} messages, "
            f"{self.virtual / YEAR:.1f} virtual years",
            f"{self.orders / seconds:.0f} orders and {transitions / seconds:.0f} transitions a second and core",
            f"order flow: {len(visited & states)} of {len(states)} states left, "
            f"{len(seen & leading)} of {len(leading)} (state, message) pairs that lead on taken",
            "ends: " + ", ".join(f"{name} {count}" for name, count in sorted(self.ends.items())),
            "violations: " + str(len(self.violations)),
        ]

    def fault_table(self) -> Table:
        table = Table("fault", "times", title="The faults", title_justify="left")
        for kind in KINDS:
            table.add_row(kind, str(self.faults[kind]))
        return table
