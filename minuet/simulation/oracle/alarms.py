"""Invariants of deadlines: followed from when they are armed to what they lead to."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from minuet.simulation.oracle.books import Books, time_of
from minuet.simulation.oracle.instances import HistoryLine, InstanceRow
from minuet.simulation.oracle.promised import TRIES, promised
from minuet.simulation.oracle.tables import FLOWS, deadlines_of, migration

EVER = timedelta.max
SKEW = timedelta(minutes=20)  # that machines may be wrong, and more
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Alarm:
    instance_id: str
    due_at: datetime
    steps: int  # that its instance had made when it was armed


@dataclass(eq=False)
class Alarms:
    books: Books
    now: Callable[[], datetime]
    known: dict[str, Alarm] = field(default_factory=dict)  # by timer's id
    moved_from: dict[str, datetime] = field(default_factory=dict)  # when it was due before, by timer's id
    entered: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)  # generation and steps, as last seen

    def s8_armed_in_time(self, service: str, timer_id: str) -> Iterator[str]:
        """a deadline never fires early unless an operator fires it, has one effect, and is a no-op when stale."""
        query = "SELECT name, due_at, body FROM timers WHERE timer_id = ?"
        for name, due_at, body in self.books.rows(service, query, timer_id):
            about = json.loads(body)
            for instance in self.books.instances(service, about["instance_id"]):
                if instance.flow == about["flow"]:
                    yield from self._armed_again(service, instance, timer_id)
                    self.known[timer_id] = Alarm(instance.instance_id, time_of(due_at), instance.steps)
                    yield from self._untimely(service, instance, name, time_of(due_at))

    def _armed_again(self, service: str, instance: InstanceRow, timer_id: str) -> Iterator[str]:
        lines = self.books.history(service, instance)
        if timer_id in self.known and migration(instance.flow, lines[-1]) is None:
            yield f"{instance.instance_id} has been {instance.state}, and its deadline {timer_id} begins anew"

    def _untimely(self, service: str, instance: InstanceRow, name: str, due_at: datetime) -> Iterator[str]:
        pause = expected(instance).get(name, EVER)
        if pause is None and instance.flow == "payment" and instance.revision == 1:
            pause = TRIES[min(instance.data["tries"], len(TRIES)) - 1]
        lines = self.books.history(service, instance)
        if lines and migration(instance.flow, lines[-1]) is not None:
            return  # a deadline goes on as it was
        if pause not in (None, EVER) and lines and due_at != lines[-1].at + pause:
            since = f"{instance.state} since {lines[-1].at}"
            yield f"{instance.instance_id} is {since}, and {name!r} is due at {due_at}, not after {pause}"

    def s8_all_armed(self, service: str, instance_id: str) -> Iterator[str]:
        """a deadline never fires early unless an operator fires it, has one effect: so each is armed on entry."""
        for instance in self.books.instances(service, instance_id):
            key = instance.flow, instance_id
            before, _ = self.entered.get(key, (-1, 0))
            self.entered[key] = instance.generation, instance.steps
            last = self.books.history(service, instance)[-1:]
            reminded = any(line.because.startswith("reminder") for line in last)
            if before != instance.generation or reminded:
                armed = self.books.armed(service, instance)
                if armed != sorted(expected(instance)):
                    yield f"{instance.flow} {instance_id} is {instance.state}, and only {armed} are armed"

    def s8_goes_on(self, service: str, instance_id: str) -> Iterator[str]:
        """a deadline never fires early and has one effect: to another variant of its state it goes on."""
        for instance in self.books.instances(service, instance_id):
            generation, steps = self.entered.get((instance.flow, instance_id), (instance.generation, instance.steps))
            new = self.books.history(service, instance)[steps:]
            if instance.generation != generation and all(varies(line) for line in new):
                yield f"{instance.flow} {instance_id} is {instance.state}, and its deadlines begin anew"

    def moved(self, service: str, timer_id: str) -> None:
        """Or named anew by a migration."""
        due_at = self.books.value(service, "SELECT due_at FROM timers WHERE timer_id = ?", timer_id)
        if due_at is not None and timer_id in self.known:
            self.moved_from[timer_id] = self.known[timer_id].due_at
            self.known[timer_id] = replace(self.known[timer_id], due_at=time_of(due_at))

    def s9_moved_by(self, service: str, actions: frozenset[str], timer_id: str) -> Iterator[str]:
        """every operator action has an author, a reason and an audit row: and only operators move deadlines."""
        moved = timer_id in self.moved_from and self.moved_from[timer_id] != self.known[timer_id].due_at
        query = "SELECT action_id FROM operator_actions WHERE target = ?"
        if moved and not any(action in actions for (action,) in self.books.rows(service, query, timer_id)):
            yield f"{timer_id} was due at {self.moved_from[timer_id]}, and is at {self.known[timer_id].due_at}"

    def s8_fired(self, service: str, action_id: str) -> Iterator[str]:
        """a deadline never fires early unless an operator fires it: and then it does."""
        query = "SELECT target FROM operator_actions WHERE action_id = ? AND action = 'timer.fire'"
        for (timer_id,) in self.books.rows(service, query, action_id):
            due_at = self.books.value(service, "SELECT due_at FROM timers WHERE timer_id = ?", timer_id)
            if due_at is not None and time_of(due_at) > self.now() + SKEW:
                yield f"{timer_id} was fired, and is due at {due_at}"

    def s9_known(self, service: str, action_id: str) -> Iterator[str]:
        """every operator action has an author, a reason and an audit row: and says to what it was done."""
        query = "SELECT action, target FROM operator_actions WHERE action_id = ? AND action LIKE 'timer.%'"
        for action, timer_id in self.books.rows(service, query, action_id):
            if timer_id not in self.known:
                yield f"{action} of {timer_id}, and there never was such a timer"

    def s9_rescheduled(self, service: str, action_id: str) -> Iterator[str]:
        """every operator action has an author, a reason and an audit row: and is done."""
        query = "SELECT action, target, detail FROM operator_actions WHERE action_id = ?"
        for action, timer_id, detail in self.books.rows(service, query, action_id):
            due_at = self.books.value(service, "SELECT due_at FROM timers WHERE timer_id = ?", timer_id)
            if action == "timer.cancel" and due_at is not None:
                yield f"{timer_id} was cancelled, and is due at {due_at}"
            if action == "timer.postpone" and not self._later(timer_id, due_at):
                yield f"{timer_id} was postponed, and is due at {due_at}"
            if action == "timer.postpone" and due_at is not None and not self._on_record(service, timer_id, due_at):
                yield f"{timer_id} is due at {due_at}, and on record is {detail}"

    def _on_record(self, service: str, timer_id: str, due_at: str) -> bool:
        """Of two who postponed it in one commit, the second has the last word."""
        query = "SELECT detail FROM operator_actions WHERE target = ? AND action = 'timer.postpone'"
        return any(last_time_in(detail) == time_of(due_at) for (detail,) in self.books.rows(service, query, timer_id))

    def _later(self, timer_id: str, due_at: str | None) -> bool:
        """Or it is not needed any more."""
        return due_at is None or (timer_id in self.moved_from and time_of(due_at) > self.moved_from[timer_id])

    def went_off(self, timer_id: str) -> None:
        """It could not be handled at once: whoever tries it again, by whatever clock, is not too early."""
        if timer_id in self.known:
            self.known[timer_id] = replace(self.known[timer_id], due_at=LONG_AGO)

    def s8_not_early_nor_stale(self, service: str, instance_id: str) -> Iterator[str]:
        """a deadline never fires early unless an operator fires it, has one effect, and is a no-op when stale."""
        for instance in self.books.instances(service, instance_id):
            lines = self.books.history(service, instance)
            for line in lines:
                alarm = self.known.get(line.message_id)
                if alarm is not None and line.at < alarm.due_at:
                    yield f"{instance_id}: {line.because} at {line.at}, before it was due at {alarm.due_at}"
                if alarm is not None and any(leaves(instance, before) for before in lines[alarm.steps : line.step - 1]):
                    first = next(before.step for before in lines if before.message_id == line.message_id)
                    if first == line.step:
                        yield f"{instance_id}: {line.because} in step {line.step}, armed in step {alarm.steps}: stale"


def expected(instance: InstanceRow) -> Mapping[str, timedelta | None]:
    """What is promised; of a revision that came in the middle of the run, what its table says."""
    if instance.revision == 1:
        return promised(instance.flow, instance.state)
    return deadlines_of(FLOWS[instance.flow].revisions[instance.revision], instance.state)


def varies(line: HistoryLine) -> bool:
    return line.before != line.after and line.before.partition("/")[0] == line.after.partition("/")[0]


def leaves(instance: InstanceRow, line: HistoryLine) -> bool:
    """Variants of one state are one state, and so is the same state in another revision."""
    if migration(instance.flow, line) is not None:
        return False
    return line.before.partition("/")[0] != line.after.partition("/")[0]


def last_time_in(detail: str) -> datetime:
    return datetime.fromisoformat(detail.rpartition(" ")[2])
