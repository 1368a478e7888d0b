"""Invariants of messages: nothing lost, nothing handled twice, nothing out of nowhere."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from minuet.simulation.oracle.books import Books


@dataclass
class Deliveries:
    """Follows every message from the commit that says it to the commits that handle it."""

    books: Books
    consumers: Mapping[str, Sequence[str]]  # by wire name
    said: dict[str, str] = field(default_factory=dict)  # wire names, by message id
    handled: set[tuple[str, str]] = field(default_factory=set)  # (service, message id)
    open: dict[tuple[str, str], None] = field(default_factory=dict)
    parked: list[tuple[str, str]] = field(default_factory=list)

    def say(self, message_id: str, wire_name: str) -> None:
        if message_id not in self.said:
            self.said[message_id] = wire_name
            for service in self.consumers.get(wire_name, ()):
                self.open[service, message_id] = None

    def note_outbox(self, service: str, message_id: str) -> None:
        headers = self.books.value(service, "SELECT headers FROM outbox WHERE message_id = ?", message_id)
        if headers is not None:
            self.say(message_id, json.loads(headers)["ce-type"])

    def s5_no_ghost(self, service: str, message_id: str) -> Iterator[str]:
        """no ghost: no effect without a committed command."""
        if message_id not in self.said:
            yield f"{service} handled {message_id}, and nobody has committed to saying it"

    def s4_handled_once(self, service: str, message_id: str) -> Iterator[str]:
        """at most one effect per command id; the gateway sees at most one charge per idempotency key."""
        if (service, message_id) in self.handled:
            yield f"{service} handled {message_id} twice"
        self.handled.add((service, message_id))
        self.open.pop((service, message_id), None)

    def q3_no_zombie(self) -> Iterator[str]:
        """no zombie: every outbox row has reached every bound consumer's inbox or its dead letters."""
        kept = "SELECT status FROM dead_letters WHERE message_id = ? AND status != 'redriven'"
        for service, message_id in self.open:
            if self.books.value(service, kept, message_id) is None:
                yield f"{self.said[message_id]} {message_id} has not reached {service}"

    def q3_cause(self) -> Iterator[str]:
        """no zombie: nothing is parked that has no cause in the faults."""
        for service in self.books.databases:
            if "dead_letters" in self.books.columns[service]:
                parked = "SELECT message_id, headers, cause FROM dead_letters WHERE status = 'parked'"
                for message_id, headers, cause in self.books.rows(service, parked):
                    yield f"{service} parked {json.loads(headers).get('ce-type')} {message_id}: {cause}"
