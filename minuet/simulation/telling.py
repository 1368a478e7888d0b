"""What a commit has done, in words for a reader of the trace."""

from collections.abc import Iterator, Sequence

from minuet.simulation.oracle.books import Books
from minuet.simulation.oracle.instances import HistoryLine
from minuet.simulation.oracle.touched import Touched

ENOUGH = 8  # characters of an id


class Telling:
    def __init__(self, books: Books) -> None:
        self._books = books
        self._told: dict[tuple[str, str], int] = {}  # steps, by flow and instance

    def commit(self, service: str, rows: Sequence[Touched]) -> Iterator[str]:
        """The rows that were written, and where flows went."""
        yield "commits " + ", ".join(f"{event[0]} {table} {key[:ENOUGH]}" for table, event, key in rows)
        for table, _, instance_id in rows:
            if table == "saga_history":
                yield from self._moves(service, instance_id)

    def _moves(self, service: str, instance_id: str) -> Iterator[str]:
        for instance in self._books.instances(service, instance_id):
            lines = self._books.history(service, instance)
            told = self._told.get((instance.flow, instance_id), 0)
            self._told[instance.flow, instance_id] = len(lines)
            name = f"{instance.flow} {instance_id[:ENOUGH]}"
            yield from (f"  {name}: {shown(line)}" for line in lines[told:])


def shown(line: HistoryLine) -> str:
    sent = f", sends {', '.join(line.sent)}" if line.sent else ""
    return f"{line.before} → {line.after}, because of {line.because}{sent}"
