"""What many runs amount to."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from rich.table import Table

from minuet.simulation.faults import KINDS
from minuet.simulation.oracle.tables import FLOWS, moves
from minuet.simulation.running import Result
from saga.cells import Cell
from saga.row import Decision, Refused

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
    moves: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
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
        seconds = max(self.seconds, 1e-9)
        return [
            f"{self.runs} runs, {self.orders} orders, {self.messages} messages, "
            f"{self.virtual / YEAR:.1f} virtual years",
            f"{self.orders / seconds:.0f} orders and {self.moves.total() / seconds:.0f} transitions a second and core",
            *(self._visited(flow) for flow in FLOWS),
            "ends: " + ", ".join(f"{name} {count}" for name, count in sorted(self.ends.items())),
            f"violations: {len(self.violations)}",
        ]

    def _visited(self, flow: str) -> str:
        """How much of the flow's table was seen at work. Rows that change nothing leave no trace in a history."""
        seen = {(before, because) for name, before, because, _ in self.moves if name == flow}
        changing = {move for move, cells in moves(flow).items() if any(changes(cell) for cell in cells)}
        missing = sorted(f"{state} on {because}" for state, because in changing - seen)
        states = {before for before, _ in changing}
        visited = len({before for before, _ in seen} & states)
        text = f"{flow} flow: {visited} of {len(states)} states left, {len(changing & seen)} of {len(changing)} rows"
        return text + (f"; not: {', '.join(missing)}" if missing else "")

    def fault_table(self) -> Table:
        table = Table("fault", "times", title="The faults", title_justify="left")
        for kind in KINDS:
            table.add_row(kind, str(self.faults[kind]))
        return table


def changes(cell: Cell) -> bool:
    """Does taking it leave a line in the history?"""
    return not isinstance(cell.row.becomes, Decision | Refused) or cell.row.becomes in (Decision.STAYS, Decision.LATE)
