"""Invariants of flows: orders, payments, invoices."""

from collections.abc import Iterator, Sequence

from minuet.simulation.oracle.books import Books
from minuet.simulation.oracle.instances import HistoryLine, InstanceRow
from minuet.simulation.oracle.promised import LEAD_NOWHERE
from minuet.simulation.oracle.tables import FLOWS, is_move, kind_of, migration, names_of
from saga.state import Kind


def s6_not_stuck(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """no stuck order: not terminal ⇒ an outbox row, a message in flight, an armed deadline or an open human task."""
    for instance in books.instances(service, instance_id):
        waiting = kind_of(instance.flow, instance.state) is Kind.WAITING
        deadlines = {*books.armed(service, instance), *books.set_aside(service, instance)}
        if waiting and not deadlines - LEAD_NOWHERE:
            yield f"{told(instance)}, and has no deadline there that wakes it: {sorted(deadlines)}"


def s6_case(books: Books, reference: str) -> Iterator[str]:
    """no stuck order: who is in clearing is on the call centre's list, and nobody else is."""
    open_cases = "SELECT count(*) FROM clearing_cases WHERE reference = ? AND outcome IS NULL"
    instances = "SELECT state FROM saga_instances WHERE subject = ? AND flow = 'payment'"
    in_clearing = names_of("payment", "in_clearing")
    listed = books.value("payment", open_cases, reference)
    waiting = sum(state in in_clearing for (state,) in books.rows("payment", instances, reference))
    if listed != waiting:
        yield f"{waiting} payments of {reference} are in clearing, and {listed} cases of it are open"


def s6_case_of_payment(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """no stuck order: who is in clearing is on the call centre's list, and nobody else is."""
    if service == "payment":
        yield from s6_case(books, instance_id.partition("/")[0])


def s7_path(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """an instance's history is a path in its revision's table; replaying the history gives the row."""
    for instance in books.instances(service, instance_id):
        lines = books.history(service, instance)
        if [line.step for line in lines] != list(range(1, instance.steps + 1)):
            yield f"{told(instance)} after {instance.steps} steps, its history has {[line.step for line in lines]}"
        revisions = FLOWS[instance.flow].revisions
        here, revision = revisions[instance.revision].start.label, first_revision(instance, lines)
        for line in lines:
            leap = migration(instance.flow, line)
            if leap is not None and leap[0] == revision:
                revision = leap[1]
            elif line.before != here or not is_move(revisions[revision], line):
                move = f"{line.before} → {line.after}, {line.because} → {line.sent}"
                yield f"{told(instance)}: while {here}, {move} is not in the table"
            here = line.after
        if (here, revision) != (instance.state, instance.revision):
            yield f"{told(instance)}, by its history {here} of revision {revision}"


def first_revision(instance: InstanceRow, lines: Sequence[HistoryLine]) -> int:
    """With which it began, by its history."""
    leaps = [leap for line in lines if (leap := migration(instance.flow, line)) is not None]
    return leaps[0][0] if leaps else instance.revision


def s4_said_once(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """at most one effect per command id; the gateway sees at most one charge per idempotency key."""
    for instance in books.instances(service, instance_id):
        yield from (f"{told(instance)}: {again}" for again in repeated(books.history(service, instance)))


def repeated(lines: Sequence[HistoryLine]) -> Iterator[str]:
    """What one message led to stands together, and no part of it twice: else it was handled twice."""
    seen: set[str] = set()
    led_to: set[tuple[str, str]] = set()
    before = ""
    for line in lines:
        again = (line.message_id, line.because) in led_to
        if again or (line.message_id != before and line.message_id in seen):
            yield f"{line.because} {line.message_id} was handled twice"
        seen.add(line.message_id)
        led_to.add((line.message_id, line.because))
        before = line.message_id


def s8_not_armed_in_vain(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """a deadline never fires early unless an operator fires it, has one effect, and is a no-op when stale."""
    for instance in books.instances(service, instance_id):
        for timer_id, generation in books.deadlines(service, instance):
            if generation != instance.generation:
                yield f"{told(instance)}, and the deadline {timer_id} of an earlier state is still armed"


def told(instance: InstanceRow) -> str:
    return f"{instance.flow} {instance.instance_id} is {instance.state} (generation {instance.generation})"
