"""Invariants of what people do."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from minuet.simulation.oracle.books import Books


@dataclass(eq=False)
class Audit:
    """Follows what operators and agents were told that they have done."""

    books: Books
    done: dict[tuple[str, str], str] = field(default_factory=dict)  # by service and reason: who

    def s9_recorded(self, service: str, action_id: str) -> Iterator[str]:
        """every operator action has an author, a reason and an audit row."""
        query = "SELECT author, reason, action FROM operator_actions WHERE action_id = ?"
        for author, reason, action in self.books.rows(service, query, action_id):
            if not author or not reason:
                yield f"{action} by {author!r} because {reason!r}"

    def s9_not_forgotten(self) -> Iterator[str]:
        """every operator action has an author, a reason and an audit row."""
        for (service, reason), author in self.done.items():
            recorded = "SELECT count(*) FROM operator_actions WHERE author = ? AND reason = ?"
            if not self.books.value(service, recorded, author, reason):
                yield f"{author} did something in {service}, {reason!r}, and nothing is recorded"
        self.done.clear()
