"""Bugs in flows, and in how they undo what they did."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import saga.stepping
from bus.message import Message
from minuet.simulation.planted.bug import both, bug, replaced, rewritten
from order_service import rules
from order_service.neighbours import CancelPayment, RefundPayment, ReleaseGoods, ShipGoods
from saga.instance import HistoryRow, Instance
from saga.row import Undoing
from saga.stepping import Step, answer_late, say
from saga.store import Instances
from saga.undo import Entries, Undo, UndoStatus, heard, mark, status_of


@bug
def undo_recorded_at_confirmation() -> AbstractContextManager[None]:
    """What undoes a command is noted when its success is heard of, not when it is sent."""

    def record(entries: Entries, name: str, number: Any, status: UndoStatus) -> Entries:
        return entries if status == UndoStatus.RECORDED else mark(entries, name, number, status)

    def hear(entries: Entries, undos: Iterable[Undo], data: Any, message: Message) -> Entries:
        for undo in undos:
            number = undo.number(data, message)
            if isinstance(message, undo.truth) and status_of(entries, undo.name, number) is None:
                entries = mark(entries, undo.name, number, UndoStatus.RECORDED)
        return heard(entries, undos, data, message)

    return both(replaced(saga.stepping, "mark", record), replaced(saga.stepping, "heard", hear))


@bug
def undo_never_recorded() -> AbstractContextManager[None]:
    """What undoes a command is not noted at all."""

    def record(entries: Entries, name: str, number: Any, status: UndoStatus) -> Entries:
        return entries if status == UndoStatus.RECORDED else mark(entries, name, number, status)

    return replaced(saga.stepping, "mark", record)


def not_sent(command: type[Message]) -> AbstractContextManager[None]:
    """Of all that is to be undone, this is taken for done."""

    def undo(flow: Any, instance: Instance, send: Any) -> tuple[Instance, list[Message]]:
        after, sends = say(flow, instance, send)
        if send is not Undoing.UNDO_ALL:
            return after, sends
        done = [e for e in after.undos if e.undo == command.__name__ and e.status is UndoStatus.SENT]
        for entry in done:
            after = replace(after, undos=mark(after.undos, entry.undo, entry.number, UndoStatus.CONFIRMED))
        return after, [said for said in sends if not isinstance(said, command)]

    return replaced(saga.stepping, "say", undo)


@bug
def refund_not_asked_for() -> AbstractContextManager[None]:
    """Who undoes an order forgets the money."""
    return not_sent(RefundPayment)


@bug
def release_forgotten() -> AbstractContextManager[None]:
    """Who undoes an order forgets the goods."""
    return not_sent(ReleaseGoods)


@bug
def late_truth_ignored() -> AbstractContextManager[None]:
    """Money and goods that come too late are left as they are."""
    return replaced(saga.stepping, "answer_late", lambda _flow, instance, *_: Step(instance))


@bug
def late_money_ignored() -> AbstractContextManager[None]:
    """Money that comes too late is kept."""

    def late(flow: Any, instance: Instance, message: Message, *arguments: Any) -> Step:
        money = flow.undo_for(type(message)).command is RefundPayment
        return Step(instance) if money else answer_late(flow, instance, message, *arguments)

    return replaced(saga.stepping, "answer_late", late)


@bug
def late_truth_undone_each_time() -> AbstractContextManager[None]:
    """What comes too late is undone again, though that was sent already."""

    def late(flow: Any, instance: Instance, *arguments: Any) -> Step:
        forgotten = tuple(replace(entry, status=UndoStatus.RECORDED) for entry in instance.undos)
        made = answer_late(flow, replace(instance, undos=forgotten), *arguments)
        return replace(made, instance=replace(made.instance, undos=instance.undos))

    return replaced(saga.stepping, "answer_late", late)


@bug
def join_not_asked_on_entry() -> AbstractContextManager[None]:
    """Who has nothing to undo waits for a confirmation of it."""

    def joined(flow: Any, made: Step, *arguments: Any) -> Step:
        return made if any(row.from_state != row.to_state for row in made.history) else original(flow, made, *arguments)

    original = saga.stepping.joined
    return replaced(saga.stepping, "joined", joined)


@bug
def undone_at_the_first_confirmation() -> AbstractContextManager[None]:
    """Who undoes several things is content with the first."""

    def hear(entries: Entries, undos: Any, data: Any, message: Message) -> Entries:
        if any(isinstance(message, undo.confirmed_by) for undo in undos):
            return tuple(replace(entry, status=UndoStatus.CONFIRMED) for entry in entries)
        return heard(entries, undos, data, message)

    return replaced(saga.stepping, "heard", hear)


@bug
def history_row_missing() -> AbstractContextManager[None]:
    """Of two rows that one message wrote, the second is not in the history."""

    def save(self: Any, instance: Instance, history: tuple[HistoryRow, ...]) -> None:
        original(self, instance, history)
        del self._history[len(self._history) - len(history) + 1 :]

    original = Instances.save
    return replaced(Instances, "save", save)


@bug
def command_not_sent() -> AbstractContextManager[None]:
    """The history says that a parcel was asked for, and it never was."""

    def made(*arguments: Any) -> Step:
        step = original(*arguments)
        return replace(step, sends=tuple(said for said in step.sends if not isinstance(said, ShipGoods)))

    original = saga.stepping.take
    return replaced(saga.stepping, "take", made)


@bug
def wish_to_cancel_not_passed_on() -> AbstractContextManager[None]:
    """An order that is to be cancelled waits for its payment to be cancelled, of which nobody tells payment."""

    def made(*arguments: Any) -> Step:
        step = original(*arguments)
        return replace(step, sends=tuple(said for said in step.sends if not isinstance(said, CancelPayment)))

    original = saga.stepping.take
    return replaced(saga.stepping, "take", made)


@bug
def older_attempt_taken_for_the_present() -> AbstractContextManager[None]:
    """What is heard of an earlier payment of an order counts for the present one."""
    return rewritten(rules.of_an_older_attempt, lambda _original, _order, _message: False)


@bug
def new_price_under_the_old_attempt() -> AbstractContextManager[None]:
    """Who accepts a new price is charged under the attempt that was withdrawn."""

    def accept(original: Any, order: Any, *arguments: Any) -> Any:
        return original(order, *arguments).model_copy(update={"attempt": order.attempt})

    return rewritten(rules.accept_quote, accept)


@bug
def everybody_pays_by_invoice() -> AbstractContextManager[None]:
    """The VIP rule asks only whether somebody is one."""
    return rewritten(rules.pays_by_invoice, lambda _original, order, _message: order.customer.tier == "vip")


@bug
def undo_not_sent_again() -> AbstractContextManager[None]:
    """What nobody has confirmed for a day is not sent again."""
    return replaced(saga.stepping, "say", lambda flow, instance, send: say(flow, instance, once(send)))


def once(send: Any) -> Any:
    return Undoing.UNDO_ALL if isinstance(send, Undoing) else send


BUGS = (
    undo_recorded_at_confirmation,
    undo_never_recorded,
    refund_not_asked_for,
    release_forgotten,
    late_truth_ignored,
    late_money_ignored,
    late_truth_undone_each_time,
    join_not_asked_on_entry,
    undone_at_the_first_confirmation,
    history_row_missing,
    command_not_sent,
    wish_to_cancel_not_passed_on,
    older_attempt_taken_for_the_present,
    new_price_under_the_old_attempt,
    everybody_pays_by_invoice,
    undo_not_sent_again,
)
