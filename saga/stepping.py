"""One step of a flow: a plain function of the instance, the message and the moment. No I/O, no clock, no ids."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bus.errors import NotYet, Poison
from bus.message import Message
from saga.cells import Cell, Trigger
from saga.flow import Flow, trigger_name
from saga.instance import HistoryRow, Instance
from saga.row import Deadline, Decision, Moment, Refused, Send, Undoing
from saga.state import Kind, State
from saga.undo import Undo, UndoStatus, drop_all, heard, mark, status_of


@dataclass(frozen=True)
class Step:
    """What came of a message: the instance as it is now, what to send, and what the history will say."""

    instance: Instance
    sends: tuple[Message, ...] = ()
    history: tuple[HistoryRow, ...] = ()
    refused: str = ""  # why a caller who asked for this over HTTP is told 409

    @property
    def changed(self) -> bool:
        return bool(self.history)


class _Move:
    """The model that the state machine moves, for one row."""

    def __init__(self, instance: Instance, message: Any) -> None:
        self.instance = instance
        self.message = message
        self.state = instance.state
        self.cell: Cell | None = None


def begin(flow: Flow, instance_id: str, subject: str) -> Instance:
    """An instance that has heard nothing yet."""
    return Instance(instance_id, subject, flow.name, flow.revision, flow.start.label)


def step(flow: Flow, instance: Instance, message: Message, moment: Moment, because: str) -> Step:
    """What `flow` does on `message`. `because` is the message's id.

    Raises NotYet if the flow has not started, or a later revision alone names the message; Poison if the message
    contradicts what is known.
    """
    if not flow.hears(type(message)):
        raise NotYet(
            f"{type(message).__name__} came before {flow.name} {instance.instance_id} was migrated: "
            f"its revision {flow.revision} does not know it; see `minuet flow migrate`"
        )
    before = instance
    if flow.state(instance.state).kind is Kind.START and type(message) in flow.begins:
        instance = replace(instance, data=flow.begins[type(message)](message, moment), created_at=moment.now)
    elif instance.data is not None:
        instance = replace(instance, undos=heard(instance.undos, flow.undos, instance.data, message))
    made = take(flow, instance, type(message), message, moment, because)
    if not made.sends and unchanged(before, made):
        return replace(made, instance=before, history=())
    return joined(flow, made, moment, because)


def unchanged(before: Instance, made: Step) -> bool:
    """Nothing was done, or what was done had been done before, e.g. a second confirmation of one undo."""
    if not made.changed:
        return made.instance.undos == before.undos
    return replace(made.instance, steps=before.steps, updated_at=before.updated_at) == before


def reach_deadline(flow: Flow, instance: Instance, deadline: str, moment: Moment, because: str) -> Step:
    """A deadline of the instance's present state has come."""
    found = next(d for d in flow.deadlines(instance.state) if d.name == deadline)
    return joined(flow, take(flow, instance, found, None, moment, because), moment, because)


def joined(flow: Flow, made: Step, moment: Moment, because: str) -> Step:
    """Ask the joins of the state that was reached, on entry too, until none holds."""
    while True:
        held = next((join for join in flow.joins(made.instance.state) if join.holds(made.instance)), None)
        if held is None:
            return made
        following = take(flow, made.instance, held, None, moment, because)
        if following.instance.state == made.instance.state:
            return made
        made = replace(following, sends=made.sends + following.sends, history=made.history + following.history)


def take(
    flow: Flow, instance: Instance, trigger: Trigger, message: Message | None, moment: Moment, because: str
) -> Step:
    """Find the cell by the state machine, and do what its row says."""
    move = _Move(instance, message)
    flow.machine.events[trigger_name(trigger)].trigger(move, move)
    assert move.cell is not None, "the flow's check lets no pair be undecided"
    row = move.cell.row
    match row.becomes:
        case Refused(why):
            return Step(instance, refused=why)
        case Decision.IGNORED:
            return Step(instance)
        case Decision.DEFERRED:
            raise NotYet(f"{text(trigger)} came before {flow.name} {instance.instance_id} was started")
        case Decision.CONTRADICTION:
            raise Poison(f"contradiction: {flow.name} {instance.instance_id} is {instance.state}, yet {text(trigger)}")
        case Decision.LATE:
            assert message is not None
            return answer_late(flow, instance, message, moment, because)
    return follow(flow, instance, move.cell, message, moment, because)


def follow(flow: Flow, instance: Instance, cell: Cell, message: Message | None, moment: Moment, because: str) -> Step:
    """Do the row: change the data, enter the state, record undos, send."""
    row, before = cell.row, instance
    if row.does is not None:
        instance = replace(instance, data=row.does(instance.data, message, moment))
    if isinstance(row.becomes, State):
        instance = instance.enter(row.becomes.label)
    elif any(type(message) in join.waits_for for join in flow.joins(instance.state)):
        instance = replace(instance, heard=tuple(dict.fromkeys((*instance.heard, type(message).__name__))))
    if row.pivot:
        instance = replace(instance, undos=drop_all(instance.undos))
    for undo in row.undo:
        recorded = mark(instance.undos, undo.name, undo.number(instance.data), UndoStatus.RECORDED)
        instance = replace(instance, undos=recorded)
    sends: list[Message] = []
    for send in row.sends:
        instance, sent = say(flow, instance, send)
        sends += sent
    return told(before, instance, text(cell.trigger), message, sends, moment, because)


def say(flow: Flow, instance: Instance, send: Send) -> tuple[Instance, list[Message]]:
    if not isinstance(send, Undoing):
        message = send(instance.data)
        return sent_by_hand(flow, instance, message), [message]
    wanted = {UndoStatus.RECORDED} if send is Undoing.UNDO_ALL else {UndoStatus.RECORDED, UndoStatus.SENT}
    sends: list[Message] = []
    for entry in instance.undos:
        if entry.status in wanted:
            sends.append(flow.undo_named(entry.undo).send(instance.data, entry.number))
            instance = replace(instance, undos=mark(instance.undos, entry.undo, entry.number, UndoStatus.SENT))
    return instance, sends


def sent_by_hand(flow: Flow, instance: Instance, message: Message) -> Instance:
    """A row may send an undo's command by itself, e.g. CancelShipment: it counts as sent."""
    for undo in flow.undos:
        if isinstance(message, undo.command):
            number = undo.number(instance.data, message)
            return replace(instance, undos=mark(instance.undos, undo.name, number, UndoStatus.SENT))
    return instance


def answer_late(flow: Flow, instance: Instance, message: Message, moment: Moment, because: str) -> Step:
    """It happened after all: undo it, unless that was sent already."""
    undo: Undo = flow.undo_for(type(message))
    number = undo.number(instance.data, message)
    if status_of(instance.undos, undo.name, number) in (UndoStatus.SENT, UndoStatus.CONFIRMED):
        return Step(instance)
    after = replace(instance, undos=mark(instance.undos, undo.name, number, UndoStatus.SENT))
    sends = [undo.send(instance.data, number)]
    return told(instance, after, type(message).__name__, message, sends, moment, because)


def told(
    before: Instance,
    after: Instance,
    because: str,
    message: Message | None,
    sends: list[Message],
    moment: Moment,
    message_id: str,
) -> Step:
    sent = [type(said).__name__ for said in sends]
    fields = {} if message is None else vars(message)  # `getattr` of what a message lacks is slow
    author, reason = (str(fields.get(name, "")) for name in ("author", "reason"))
    row = HistoryRow(moment.now, before.state, after.state, because, message_id, sent, author, reason)
    return Step(replace(after, steps=before.steps + 1, updated_at=moment.now), tuple(sends), (row,))


def text(trigger: Trigger) -> str:
    """Why the flow moved, for a person."""
    if isinstance(trigger, Deadline):
        return f"{trigger} are over" if isinstance(trigger.after, timedelta) else f"{trigger} is due"
    return trigger.__name__ if isinstance(trigger, type) else trigger.name
