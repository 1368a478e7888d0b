"""Invariants of messages: nothing lost, nothing handled twice, nothing out of nowhere."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from minuet.simulation.oracle.books import Books

EXCUSES = (
    "came before",  # what the message waits for is late
    "Failed: 40001",  # the database failed again and again
)
BABBLE = "babble"  # how the subject of what nobody can understand begins
PARCELS = {  # what is said of one
    "shipped": ("shipping.goods-shipped.v1",),
    "failed": ("shipping.shipment-failed.v1",),
    "cancelled": ("shipping.shipment-cancelled.v1",),
}
TOO_LATE = ("shipping.shipment-cancellation-refused.v1",)
CONFIRMS = {
    "RefundPayment": ("payment.payment-refunded.v1",),
    "ReleaseGoods": ("inventory.goods-released.v1",),
    "CancelShipment": ("shipping.shipment-cancelled.v1", "shipping.shipment-failed.v1"),
}
FAILURES = {"PaymentFailed": ("awaiting_payment",), "ShipmentFailed": ("awaiting_shipment",)}  # while: not cancelled
ATTEMPTS = 10  # then a person is asked
REDRIVEN = "SELECT 1 FROM operator_actions WHERE action = 'dead-letter.redrive' AND target = ?"
HANDLED = "SELECT 1 FROM inbox WHERE message_id = ?"


@dataclass(frozen=True)
class Said:
    """A message that somebody has committed to saying."""

    type: str  # the wire name
    subject: str
    attempt: int | None
    reason: str = ""


@dataclass(eq=False)
class Deliveries:
    """Follows every message from the commit that says it to the commits that handle it."""

    books: Books
    consumers: Mapping[str, Sequence[str]]  # by wire name
    said: dict[str, Said] = field(default_factory=dict)  # by message id
    repeated: set[str] = field(default_factory=set)  # ids under which a service said something again
    caused: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)  # names, by service and cause's id
    handled: set[tuple[str, str]] = field(default_factory=set)  # (service, message id)
    heard: set[tuple[str, str, str, int | None]] = field(default_factory=set)  # service, subject, type, attempt
    spoken_of: set[tuple[str, str]] = field(default_factory=set)  # wire names and subjects
    correlations: dict[str, str | None] = field(default_factory=dict)  # what messages belong to, by id
    open: dict[tuple[str, str], None] = field(default_factory=dict)

    def say(
        self, message_id: str, wire_name: str, subject: str = "", attempt: int | None = None, reason: str = ""
    ) -> None:
        if message_id not in self.said:
            self.said[message_id] = Said(wire_name, subject, attempt, reason)
            self.spoken_of.add((wire_name, subject))
            for service in self.consumers.get(wire_name, ()):
                self.open[service, message_id] = None

    def note_outbox(self, service: str, message_id: str) -> None:
        for headers, body in self.books.rows(
            service, "SELECT headers, body FROM outbox WHERE message_id = ?", message_id
        ):
            if message_id in self.said:
                self.repeated.add(message_id)
            about, said = json.loads(headers), json.loads(body)
            self.say(message_id, about["ce-type"], about["ce-subject"], said.get("attempt"), said.get("reason", ""))
            self._note_cause(service, about)

    def note_effect(self, service: str, effect_id: str) -> None:
        for (headers,) in self.books.rows(service, "SELECT headers FROM effects WHERE effect_id = ?", effect_id):
            self._note_cause(service, json.loads(headers))

    def _note_cause(self, service: str, headers: Mapping[str, str]) -> None:
        name = headers["ce-type"].split(".")[1].replace("-", "")
        self.caused.setdefault((service, headers["ce-causationid"]), Counter())[name] += 1

    def s4_id_of_its_own(self, service: str, message_id: str) -> Iterator[str]:
        """at most one effect per command id; the gateway sees at most one charge per idempotency key."""
        if message_id in self.repeated:
            yield f"{service} says {self.said[message_id].type} again, under the id {message_id} of an earlier one"

    def s5_correlated(self, service: str, message_id: str) -> Iterator[str]:
        """no ghost: whatever is said belongs to what it came of."""
        for (headers,) in self.books.rows(service, "SELECT headers FROM outbox WHERE message_id = ?", message_id):
            about = json.loads(headers)
            correlation = self.correlations[message_id] = about.get("ce-correlationid")
            if correlation != self.correlations.get(about["ce-causationid"], correlation or None):
                yield f"{service} says {about['ce-type']} {message_id}, which is about {correlation!r}"
            said, cause = self.said[message_id], self.said.get(about["ce-causationid"])
            attempts = {each.attempt for each in (said, cause) if each is not None and each.attempt is not None}
            if service == "payment" and len(attempts) > 1:
                yield f"{service} says {said} because of {cause}"

    def s6_decision_told(self, reference: str) -> Iterator[str]:
        """no stuck order: what becomes of a parcel is said, and that it came too late to cancel, if that was wished."""
        shipments = "SELECT state, cancel_wished FROM shipments WHERE reference = ?"
        for state, wished in self.books.rows("shipping", shipments, reference):
            told = [*PARCELS.get(state, ()), *(TOO_LATE if wished and state == "shipped" else ())]
            if not self.spoken_of.issuperset((name, reference) for name in told):
                yield f"the parcel of {reference} is {state}, and nobody has said all of {told}"

    def s5_no_ghost(self, service: str, message_id: str) -> Iterator[str]:
        """no ghost: no effect without a committed command."""
        if message_id not in self.said and not self._its_own(service, message_id):
            yield f"{service} handled {message_id}, and nobody has committed to saying it"

    def _its_own(self, service: str, message_id: str) -> bool:
        """What came of an effect or a timer, and could not be handled at once; or what was given up, and never was."""
        kept = "SELECT headers, status FROM dead_letters WHERE message_id = ?"
        return any(
            status == "discarded" or json.loads(headers)["ce-type"] not in self.consumers
            for headers, status in self.books.rows(service, kept, message_id)
        )

    def s4_handled_once(self, service: str, message_id: str) -> Iterator[str]:
        """at most one effect per command id; the gateway sees at most one charge per idempotency key."""
        if (service, message_id) in self.handled:
            yield f"{service} handled {message_id} twice"
        self.handled.add((service, message_id))
        said = self.said.get(message_id)
        if said is not None:
            self.heard.add((service, said.subject, said.type, said.attempt))
        self.open.pop((service, message_id), None)

    def q4_confirmed(self, service: str, instance_id: str) -> Iterator[str]:
        """cancelled ⇒ every effect was undone: who undid it has said so."""
        for instance in self.books.instances(service, instance_id) if service == "order" else ():
            for entry in instance.undos:
                answers = [(service, instance.subject, name, entry.number) for name in CONFIRMS.get(entry.undo, ())]
                if entry.status == "confirmed" and answers and self.heard.isdisjoint(answers):
                    yield f"{instance_id}: {entry.undo} is confirmed, and nobody has said so"

    def s7_clearing_noted(self, service: str, order_id: str) -> Iterator[str]:
        """replaying what was heard gives the row: whose payment is in clearing is shown so."""
        order = self.books.order(order_id) if service == "order" else None
        if order is None or order.state != "awaiting_payment" or order.data["in_clearing"]:
            return
        if (service, order_id, "payment.payment-in-clearing.v1", order.data["attempt"]) in self.heard:
            yield f"{order_id} has heard that its payment is in clearing, and does not say so"

    def s7_reason_noted(self, service: str, order_id: str) -> Iterator[str]:
        """replaying what was heard gives the row: why it failed."""
        order = self.books.order(order_id) if service == "order" else None
        last = self.books.history(service, order)[-1:] if order is not None else []
        for line in last:
            said, failed = self.said.get(line.message_id), line.before in FAILURES.get(line.because, ())
            if order and said and failed and said.reason not in order.data["reason"]:
                yield f"{order_id} failed, as {said.reason}, and says: {order.data['reason']}"

    def q3_no_zombie(self) -> Iterator[str]:
        """no zombie: every outbox row has reached every bound consumer's inbox or its dead letters."""
        kept = "SELECT status FROM dead_letters WHERE message_id = ? AND status != 'redriven'"
        for service, message_id in self.open:
            if self.books.value(service, kept, message_id) is None:
                yield f"{self.said[message_id].type} {message_id} has not reached {service}"

    def q3_cause(self, service: str, message_id: str) -> Iterator[str]:
        """no zombie: nothing becomes a dead letter that has no cause in the faults."""
        query = "SELECT status, cause, headers, attempts, letter_id FROM dead_letters WHERE message_id = ?"
        for status, cause, headers, attempts, letter_id in self.books.rows(service, query, message_id):
            about = json.loads(headers)
            babble = about.get("ce-subject", "").startswith(BABBLE) and "not a valid" in cause
            redriven = self.books.value(service, REDRIVEN, letter_id)
            if status == "retrying" and attempts >= ATTEMPTS and not redriven:
                yield f"{service}: {message_id} was tried {attempts} times, and no person was asked"
            if status == "parked" and attempts < ATTEMPTS and not babble:
                yield f"{service}: {message_id} waits for a person after {attempts} times, and might have come right"
            if status == "discarded" and not self.books.value(service, HANDLED, message_id):
                yield f"{service}: {message_id} was given up, and would be handled if it came again"
            if not babble and not any(excuse in cause for excuse in EXCUSES):
                yield f"{service}: {about.get('ce-type')} {message_id} is {status}: {cause}"
