"""Invariants of what people do."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from minuet.simulation.oracle.books import Books

KEPT = {  # what actions are done to, by how their names begin
    "dead-letter": "SELECT 1 FROM dead_letters WHERE letter_id = ?",
    "case": "SELECT 1 FROM clearing_cases WHERE case_id = ?",
    "order": "SELECT 1 FROM saga_instances WHERE instance_id = ?",
}
ATTENDED = {"order.retry": "RetryOrder", "order.close": "CloseOrder"}  # what stands in the order's history then


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

    def s9_about_something(self, service: str, action_id: str) -> Iterator[str]:
        """every operator action has an author, a reason and an audit row: and says to what it was done."""
        query = "SELECT action, target FROM operator_actions WHERE action_id = ?"
        for action, target in self.books.rows(service, query, action_id):
            kind = action.partition(".")[0]
            if kind in KEPT and not self.books.value(service, KEPT[kind], target):
                yield f"{action} of {target}, and there is no such thing"

    def s9_attended(self, service: str, action_id: str) -> Iterator[str]:
        """every operator action has an author, a reason and an audit row: and what it says was done."""
        query = "SELECT action, target, author, reason FROM operator_actions WHERE action_id = ?"
        for action, target, author, reason in self.books.rows(service, query, action_id):
            for order in self.books.instances(service, target) if action in ATTENDED else ():
                lines = [(line.because, line.author, line.reason) for line in self.books.history(service, order)]
                if (ATTENDED[action], author, reason) not in lines:
                    yield f"{action} of {target} by {author} because of {reason!r}, and it went on as before"

    def s9_authored(self, service: str, instance_id: str) -> Iterator[str]:
        """every operator action has an author, a reason and an audit row: what a history says is on record."""
        recorded = "SELECT count(*) FROM operator_actions WHERE author = ? AND reason = ?"
        for instance in self.books.instances(service, instance_id):
            for line in self.books.history(service, instance):
                if line.author and not self.books.value(service, recorded, line.author, line.reason):
                    yield f"{line.because} by {line.author}, {line.reason!r}: nothing of it is recorded"
