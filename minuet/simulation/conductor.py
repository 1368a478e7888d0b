"""Lets business time leap whenever nothing is under way, through the phases of a run: faults, healing, the end."""

from datetime import datetime, timedelta

from minuet.simulation.clock import START
from minuet.simulation.oracle.books import time_of
from minuet.simulation.oracle.violation import Violation
from minuet.simulation.people import People
from minuet.simulation.world import World

FAULTS_LAST = timedelta(days=25)
LONGEST = timedelta(days=400)  # far beyond the longest deadline of any flow
LONGEST_REST_SECONDS = 100.0  # machine time without any leap; retries of a message go on for 1023 s

UNFINISHED = (
    "SELECT EXISTS(SELECT 1 FROM outbox) OR EXISTS(SELECT 1 FROM effects)"
    " OR EXISTS(SELECT 1 FROM dead_letters WHERE status = 'retrying')"
)


class Conductor:
    def __init__(self, world: World, people: People) -> None:
        self._world = world
        self._people = people
        self._looked: dict[str, tuple[int, bool, datetime | None]] = {}  # after which commit: unfinished, next timer
        self._leapt = 0.0

    def idle(self) -> bool:
        """The loop has nothing to do for now. Returns whether it has something to do again."""
        world = self._world
        if world.over.done():
            return False
        if self._busy():
            if world.loop.time() - self._leapt > LONGEST_REST_SECONDS:
                world.end(Violation("L1", "once faults stop, everything comes to rest", "it never does"))
            return False
        self._leapt = world.loop.time()
        if self._everybody_up():
            world.oracle.at_rest()
        return self._leap()

    def _leap(self) -> bool:
        world = self._world
        at = min((at for at in (world.agenda.next_at, *self._timers()) if at is not None), default=None)
        if at is None:
            world.oracle.in_the_end()
            world.end()
            return True
        if at > START + LONGEST:
            world.end(Violation("L1", "once faults stop, every order becomes terminal, or a person's", f"{at}"))
            return True
        world.calendar.leap(at)
        if not world.faults.healed and at > START + FAULTS_LAST:
            world.trace.tell("world", "no more faults")
            world.faults.healed = True
        return world.agenda.run_due()

    def _busy(self) -> bool:
        world = self._world
        if self._people.acting or world.restarting:
            return True
        names = [name for name in world.replicas if world.alive(name)]
        return any(self._messages(name) for name in names) or any(self._unfinished(name) for name in names)

    def _messages(self, name: str) -> bool:
        held = any(replica.connection.held for replica in self._world.alive(name))
        return held or self._world.courier.at_hand(name) > 0

    def _unfinished(self, name: str) -> bool:
        """Looked up again only after a commit: nothing else changes it."""
        number = self._world.commits[name]
        if name not in self._looked or self._looked[name][0] != number:
            books = self._world.oracle.books
            due = books.value(name, "SELECT min(due_at) FROM timers")
            self._looked[name] = (number, bool(books.value(name, UNFINISHED)), due and time_of(due))
        unfinished, next_timer = self._looked[name][1], self._next_timer(name)
        return unfinished or (next_timer is not None and next_timer <= self._world.calendar.now)

    def _everybody_up(self) -> bool:
        up = all(len(self._world.alive(name)) > 0 for name in self._world.replicas)
        return up and not self._world.courier.delayed

    def _timers(self) -> list[datetime | None]:
        return [self._next_timer(name) for name in self._world.replicas if self._world.alive(name)]

    def _next_timer(self, name: str) -> datetime | None:
        """When, by the calendar, the first of the service's processes will find its next timer due."""
        due = self._looked[name][2]
        return due and due - max(replica.clock.skew for replica in self._world.alive(name))
