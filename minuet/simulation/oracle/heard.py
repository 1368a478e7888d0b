"""Invariants of what was heard: what a service counts as handled has had its consequences, in the same commit."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from minuet.simulation.oracle.books import Books
from minuet.simulation.oracle.delivery import Deliveries, Said
from minuet.simulation.oracle.heeded import HEEDED
from minuet.simulation.oracle.instances import HistoryLine, InstanceRow
from minuet.simulation.oracle.tables import FLOWS, moves
from saga.cells import Cell
from saga.flow import Flow
from saga.row import Decision
from saga.state import State

OWNERS = {"order": "order", "payment": "payment", "invoice": "payment"}  # the services of the flows
DECIDED = ("shipped", "failed", "cancelled")


@dataclass(eq=False)
class Heard:
    books: Books
    deliveries: Deliveries
    states: dict[tuple[str, str], str] = field(default_factory=dict)  # as last seen, by flow and instance
    steps: dict[tuple[str, str], int] = field(default_factory=dict)
    reserved: set[str] = field(default_factory=set)  # by this commit: perhaps after what else was heard in it

    def seen(self, service: str, instance_id: str) -> None:
        """Everything about this commit was asked."""
        for instance in self.books.instances(service, instance_id):
            self.states[instance.flow, instance_id] = instance.state
            self.steps[instance.flow, instance_id] = instance.steps

    def s7_noted(self, service: str, message_id: str) -> Iterator[str]:
        """an instance's history is a path in its revision's table: what leads on stands in it."""
        for said, flow, name, instance_id, through in self._without_trace(service, message_id):
            instance = self.books.instance(service, flow.name, instance_id)
            cells = [
                [c for c in moves(flow.name).get((state, name), ()) if fits(c, said, instance)] for state in through
            ]
            if all(here and all(leaves_a_trace(flow, c, instance, said.attempt) for c in here) for here in cells):
                yield f"{flow.name} {instance_id} was {sorted(through)}, and {name} {message_id} left no trace"

    def s7_heeded(self, service: str, message_id: str) -> Iterator[str]:
        """an instance's history is a path in its revision's table: and nobody's word is lost on it."""
        for said, flow, name, instance_id, through in self._without_trace(service, message_id):
            of_another = flow.name == "order" and said.attempt not in (None, self._attempt(instance_id))
            if through <= {*HEEDED.get((flow.name, name), ())} and not of_another:
                yield f"{flow.name} {instance_id} heard {name} {message_id} while {sorted(through)}, and did nothing"

    def _attempt(self, order_id: str) -> int | None:
        order = self.books.order(order_id)
        return None if order is None else int(order.data["attempt"])

    def _without_trace(self, service: str, message_id: str) -> Iterator[tuple[Said, Flow, str, str, set[str]]]:
        """If a flow has handled this, and its history has no line of it: what, by whom, and while in which states."""
        said = self.deliveries.said.get(message_id)
        if said is None or (service, said.type) not in listeners() or self._discarded(service, message_id):
            return
        flow, name = listeners()[service, said.type]
        if flow.name == "payment" and said.attempt is None:
            return
        instance_id = f"{said.subject}/{said.attempt}" if flow.name == "payment" else said.subject
        through, lines = self._through(service, flow, instance_id)
        if all(line.message_id != message_id for line in lines):
            yield said, flow, name, instance_id, through

    def s7_latest(self, service: str, message_id: str) -> Iterator[str]:
        """an instance's history is a path in its revision's table: who names no attempt means the latest."""
        said = self.deliveries.said.get(message_id)
        if said is None or (service, said.attempt) != ("payment", None):
            return
        known = [each for each in self.books.payments(said.subject) if ("payment", each.instance_id) in self.steps]
        for payment in sorted(known, key=lambda each: int(each.data["attempt"]))[:-1]:
            if any(line.message_id == message_id for line in self.books.history("payment", payment)):
                yield f"{payment.instance_id} was not the latest, and heard {said.type} {message_id}"

    def _through(self, service: str, flow: Flow, instance_id: str) -> tuple[set[str], list[HistoryLine]]:
        """The states through which this commit took it, and its history."""
        instance = self.books.instance(service, flow.name, instance_id)
        lines = [] if instance is None else self.books.history(service, instance)
        new = lines[self.steps.get((flow.name, instance_id), 0) :]
        return {self.states.get((flow.name, instance_id), flow.start.label), *(line.after for line in new)}, lines

    def s7_said(self, service: str, instance_id: str) -> Iterator[str]:
        """an instance's history is a path in its revision's table: what it says was sent was committed to be."""
        for instance in self.books.instances(service, instance_id):
            new = self.books.history(service, instance)[self.steps.get((instance.flow, instance_id), 0) :]
            for message_id in dict.fromkeys(line.message_id for line in new):
                sent = Counter(name.lower() for line in new if line.message_id == message_id for name in line.sent)
                missing = sent - self.deliveries.caused.get((service, message_id), Counter())
                if missing:
                    yield f"{instance.flow} {instance_id} has sent {[*missing]}, it says, and has not"

    def _discarded(self, service: str, message_id: str) -> bool:
        """An operator gave it up."""
        query = "SELECT count(*) FROM dead_letters WHERE message_id = ? AND status = 'discarded'"
        return bool(self.books.value(service, query, message_id))

    def q2_obeyed(self, service: str, message_id: str) -> Iterator[str]:
        """each reservation is released xor shipped: what was asked for is decided, or noted."""
        said = self.deliveries.said.get(message_id)
        if said is None or self._discarded(service, message_id):
            return
        reservation, parcel = self.books.reservation(said.subject), self.books.shipment(said.subject)
        match service, said.type:
            case "inventory", "inventory.fetch-goods.v1" if reservation is None:
                yield f"inventory has heard that it is to fetch the goods of {said.subject}, and knows of none"
            case "inventory", "inventory.release-goods.v1" if reservation not in ("released", "shipped"):
                yield f"inventory has heard that it is to release the goods of {said.subject}, they are {reservation}"
            case "inventory", "shipping.goods-shipped.v1" if (
                reservation == "fetched" and said.subject not in self.reserved  # by strangers who did not wait for it
            ):
                yield f"inventory has heard that {said.subject} is shipped, and still holds its goods"
            case "shipping", "shipping.ship-goods.v1" if parcel is None:
                yield f"shipping has heard that it is to ship {said.subject}, and knows of no parcel"
            case "shipping", "shipping.cancel-shipment.v1" if not self._settled(said.subject):
                yield f"shipping has heard that {said.subject} is to be cancelled, and nothing says so: {parcel}"

    def _settled(self, reference: str) -> bool:
        return self.books.shipment(reference) in DECIDED or self.books.cancelling(reference)

    def s6_answered(self, service: str, message_id: str) -> Iterator[str]:
        """no stuck order: whoever waits for an answer gets it."""
        said = self.deliveries.said.get(message_id)
        if said is None or self._discarded(service, message_id):
            return
        asked = service == "inventory" and said.type in ("inventory.fetch-goods.v1", "inventory.release-goods.v1")
        if asked and (service, message_id) not in self.deliveries.caused:
            yield f"inventory has handled {said.type} of {said.subject}, and answered nothing"


@cache
def listeners() -> Mapping[tuple[str, str], tuple[Flow, str]]:
    """Which flow hears a message, and under which name, by service and wire name."""
    return {(OWNERS[f.name], m.wire_name): (f, m.__name__) for f in FLOWS.values() for m in f.messages}


def fits(cell: Cell, said: Said, instance: InstanceRow | None) -> bool:
    """Of the tables' rules two are understood here."""
    rule, known = cell.row.given and cell.row.given.__name__, None if instance is None else instance.data.get("attempt")
    if rule == "of_a_later_attempt":
        return known is not None and said.attempt is not None and said.attempt > known
    return rule != "of_an_older_attempt" or known is None or said.attempt is None or said.attempt < known


def leaves_a_trace(flow: Flow, cell: Cell, instance: InstanceRow | None, attempt: int | None) -> bool:
    """Must there be a line in the history, whatever the instance knows?"""
    becomes = cell.row.becomes
    if becomes is Decision.DEFERRED:
        return True  # it must not even be handled
    if becomes is Decision.LATE:
        return instance is not None and not undo_sent(flow, cell, instance, attempt)
    return (isinstance(becomes, State) and cell.target != cell.state) or (
        becomes is Decision.STAYS and len(cell.row.sends) > 0
    )


def undo_sent(flow: Flow, cell: Cell, instance: InstanceRow, attempt: int | None) -> bool:
    name = next(undo.command.__name__ for undo in flow.undos if undo.truth is cell.trigger)
    numbers = (None, attempt)
    return any(e.undo == name and e.number in numbers and e.status in ("sent", "confirmed") for e in instance.undos)
