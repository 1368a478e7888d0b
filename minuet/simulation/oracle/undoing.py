"""Invariants of compensation: what was begun is undone, whatever is heard of it."""

from collections.abc import Iterator

from minuet.simulation.oracle.books import Books
from minuet.simulation.oracle.instances import InstanceRow, UndoLine
from minuet.simulation.oracle.tables import FLOWS, migration

AFTER_THE_PIVOT = ("completed", "awaiting_invoice_payment")
SENT_AGAIN = ("compensation", "RetryOrder")  # what makes an order send its undos again


def q4_undo_known(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """cancelled ⇒ every effect was undone: what undoes a command is known once the command is sent."""
    for instance in books.instances(service, instance_id):
        sent = [name for line in books.history(service, instance) for name in line.sent]
        for undo in FLOWS[instance.flow].undos:
            known = sum(entry.undo == undo.command.__name__ for entry in instance.undos)
            if sent.count(undo.of.__name__) > known:
                yield f"{told(instance)} has sent {undo.of.__name__}, and does not know how to undo it"


def s4_undone_once(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """at most one effect per command id: an undo is sent once, unless nobody confirms it."""
    for instance in books.instances(service, instance_id):
        lines = [line for line in books.history(service, instance) if not line.because.startswith(SENT_AGAIN)]
        sent = [name for line in lines for name in line.sent]
        for undo in FLOWS[instance.flow].undos:
            known = sum(entry.undo == undo.command.__name__ for entry in instance.undos)
            if sent.count(undo.command.__name__) > known:
                yield f"{told(instance)}, and {undo.command.__name__} was sent again and again"


def q4_undone_when_cancelled(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """cancelled ⇒ every effect was undone, or a human task is open."""
    for instance in books.instances(service, instance_id):
        last = books.history(service, instance)[-1:]
        ended = instance.state == "cancelled" and any(line.before != line.after for line in last)
        waited = any("compensating" in line.before for line in last)
        still = [e for e in instance.undos if e.is_open and (waited or not of_an_older_attempt(e, instance))]
        if ended and still:
            yield f"{told(instance)}, and {still[0].undo} is only {still[0].status}"


def of_an_older_attempt(entry: UndoLine, instance: InstanceRow) -> bool:
    """It is undone as soon as anything is heard of it, whatever becomes of the present one: who does not compensate
    anyway does not wait for that.
    """
    return entry.status == "sent" and entry.number is not None and entry.number < instance.data["attempt"]


def q4_undone_again(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """cancelled ⇒ every effect was undone: what nobody has confirmed for a day is sent again."""
    for instance in books.instances(service, instance_id):
        for line in books.history(service, instance)[-1:]:
            again = line.because.startswith(SENT_AGAIN) and "compensating" in (line.before, line.after)
            missing = {entry.undo for entry in instance.undos if entry.is_open} - set(line.sent)
            if again and missing and migration(instance.flow, line) is None:
                yield f"{told(instance)}, {line.because}, and {sorted(missing)} is not sent again"


def q4_nothing_left_to_undo(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """cancelled ⇒ every effect was undone; and after the pivot nothing is."""
    for instance in books.instances(service, instance_id) if service == "order" else ():
        still = [entry for entry in instance.undos if entry.is_open and not of_an_older_attempt(entry, instance)]
        if still and instance.state in AFTER_THE_PIVOT:
            yield f"{told(instance)}, and {still[0].undo} is {still[0].status}"


def s6_undone_and_waiting(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """no stuck order: who has nothing left to undo does not wait for it, and who waits for it has asked for it."""
    for instance in books.instances(service, instance_id):
        if "compensating" in instance.state.split("/"):
            if not any(entry.is_open for entry in instance.undos):
                yield f"{told(instance)}, and everything is undone"
            yield from (
                f"{told(instance)}, and has not sent {e.undo}" for e in instance.undos if e.status == "recorded"
            )


def told(instance: InstanceRow) -> str:
    return f"{instance.flow} {instance.instance_id} is {instance.state}"
