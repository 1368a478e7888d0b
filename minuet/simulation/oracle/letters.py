"""Invariants of dead letters: none is written over, comes back once it was given up, or vanishes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from minuet.simulation.oracle.books import Books

IDENTITY = (
    """SELECT status, json_extract(headers, '$."ce-type"'), body, first_at FROM dead_letters WHERE message_id = ?"""
)
FORGOTTEN = "SELECT count(*) FROM dead_letters WHERE message_id = ? AND status = 'retrying' AND next_attempt_at IS NULL"
OPEN = ("retrying", "parked")
DONE = (
    "SELECT action, target, status FROM operator_actions LEFT JOIN dead_letters ON letter_id = target"
    " WHERE action_id = ? AND action LIKE 'dead-letter.%'"
)


@dataclass(eq=False)
class Letters:
    books: Books
    known: dict[tuple[str, str], tuple[Any, ...]] = field(default_factory=dict)  # as last seen, by service and message

    def q3_kept(self, service: str, message_id: str) -> Iterator[str]:
        """no zombie: whatever cannot be handled is kept as it came, until it is handled or given up."""
        [letter, *_] = self.books.rows(service, IDENTITY, message_id) or [("vanished",)]
        before = self.known.get((service, message_id), letter)
        status, *identity = letter
        if status == "vanished" or identity != list(before[1:]):
            yield f"{service}: the letter {message_id} was {before}, and is {letter}"
        if self.books.value(service, FORGOTTEN, message_id):
            yield f"{service}: the letter {message_id} is to be tried again, and nobody knows when"
        armed = "SELECT 1 FROM timers WHERE timer_id = ? UNION ALL SELECT 1 FROM effects WHERE effect_id = ?"
        if status in OPEN and self.books.value(service, armed, message_id, message_id):
            yield f"{service}: the letter {message_id} is {status}, and what it came of is still to come"
        if before[0] == "discarded" and status != "discarded":
            yield f"{service}: the letter {message_id} was given up, and is {status}"
        self.known[service, message_id] = letter

    def s9_done(self, service: str, action_id: str) -> Iterator[str]:
        """every operator action has an author, a reason and an audit row: and is done."""
        for action, letter_id, status in self.books.rows(service, DONE, action_id):
            if (action == "dead-letter.discard") != (status == "discarded") or status == "parked":
                yield f"{service}: {action} of {letter_id}, and it is {status}"
