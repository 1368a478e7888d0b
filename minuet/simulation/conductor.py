"""Lets business time leap whenever nothing is under way, through the phases of a run: faults, healing, the end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from minuet.simulation.chance import branch, scatter
from minuet.simulation.clock import START
from minuet.simulation.oracle.books import time_of
from minuet.simulation.oracle.tables import states_of
from minuet.simulation.oracle.violation import Violation
from minuet.simulation.replica import Replica
from minuet.simulation.world import World
from saga.state import Kind

FAULTS_LAST = (*[timedelta(days=25)] * 3, timedelta(days=125))  # in different worlds; invoices are due late
WEEKS = timedelta(days=45)  # after which every card was tried as often as it takes
LONGEST = timedelta(days=400)  # far beyond the longest deadline of any flow
PATIENCE_SECONDS = 12.0  # business time waits for what is tried again that soon, and goes on for what comes later
CALL_SECONDS = 60.0  # it waits for whoever has an effect in hand, until then by any clock
LEASE_SECONDS = (0.0, CALL_SECONDS)  # in different worlds; likewise for a parcel in a carrier's hands
LONGEST_REST_SECONDS = 3000.0  # machine time without any leap; longer than any pause between attempts, and any lease

UNFINISHED = (  # rows to publish; when the next timer is due; the next attempt at a dead letter, and at an effect
    "SELECT EXISTS(SELECT 1 FROM outbox), (SELECT min(due_at) FROM timers),"
    " (SELECT min(next_attempt_at) FROM dead_letters WHERE status = 'retrying'),"
    " (SELECT min(lease_until) FROM effects)"
)
LEASES = "SELECT min(lease_until) FROM shipments"
STATES = "SELECT DISTINCT state FROM saga_instances"
WITH_FLOWS = ("order", "payment")


@dataclass(frozen=True)
class Rows:
    """What a service's database says is left to do."""

    commit: int  # after which it was looked up
    unfinished: bool
    next_timer: datetime | None
    next_attempt: float | None  # machine time
    next_effect: float | None  # likewise
    next_lease: float | None  # until when some parcel is in a carrier's hands, likewise
    states: frozenset[str]  # in which its flows are


class Acting(Protocol):
    @property
    def under_way(self) -> int:
        """What somebody is doing right now."""


class Customers(Protocol):
    @property
    def waiting(self) -> bool:
        """Somebody is going to place an order."""


class Conductor:
    def __init__(self, world: World, acting: Acting, customers: Customers) -> None:
        self._world = world
        self._acting = acting
        self._customers = customers
        self._chance = branch(world.seed, "conductor")
        self._lease_seconds = branch(world.seed, "leases").choice(LEASE_SECONDS)
        self._ended = frozenset(states_of(Kind.END))
        self._resting = self._ended | frozenset(states_of(Kind.HUMAN))
        self._faults_end = START + branch(world.seed, "faults last").choice(FAULTS_LAST)
        self._looked: dict[str, Rows] = {}
        self._leapt = 0.0

    def idle(self) -> bool:
        """The loop has nothing to do for now. Returns whether it has something to do again."""
        world = self._world
        if world.over.done():
            return False
        if self._busy():
            return self._comes_to_rest()
        if self._nothing_in_flight():
            world.oracle.at_rest()
            if world.calendar.now > self._faults_end + WEEKS:
                world.oracle.long_after_faults()
            if self._all_over():
                world.oracle.in_the_end()
                world.end()
        elif self._attempts_to_come() and self._all_over():
            return self._comes_to_rest()  # they come by machine time, which a leap is none of
        return self._leap()

    def _comes_to_rest(self) -> bool:
        if self._world.loop.time() - self._leapt > LONGEST_REST_SECONDS:
            self._world.end(Violation("L1", "once faults stop, everything comes to rest", "it never does"))
        return False

    def _leap(self) -> bool:
        world = self._world
        at = min((at for at in (world.agenda.next_at, *self._timers()) if at is not None), default=None)
        if world.over.done() or at is None:
            return self._comes_to_rest()
        self._leapt = world.loop.time()
        if at > START + LONGEST:
            world.end(Violation("L1", "once faults stop, every order becomes terminal, or a person's", f"{at}"))
            return True
        world.calendar.leap(at)
        if not world.faults.healed and at > self._faults_end:
            world.trace.tell("world", "no more faults")
            world.faults.healed = True
        self._wake()
        return world.agenda.run_due()

    def _all_over(self) -> bool:
        return not self._customers.waiting and self._all_in(self._resting) and self._nobody_cares()

    def _nobody_cares(self) -> bool:
        """People look after orders that need them as long as they do; then the orders are theirs."""
        return self._all_in(self._ended) or self._world.agenda.next_at is None

    def _all_in(self, states: frozenset[str]) -> bool:
        return all(self._rows(service).states <= states for service in WITH_FLOWS)

    def _wake(self) -> None:
        """Timers that are due go off: at once, or when what else comes that day has begun to come."""
        for name in self._world.replicas:
            timer = self._next_timer(name)
            if timer is not None and timer <= self._world.calendar.now:
                for replica in self._world.alive(name):
                    wait = self._chance.choice((0.0, scatter(self._chance)))
                    self._world.loop.call_later(wait, replica.host.look_for_timers)

    def _busy(self) -> bool:
        world = self._world
        if self._acting.under_way or world.restarting or world.stage.network.waiting > 0:
            return True
        return any(self._has_work(name, replicas) for name, replicas in world.replicas.items() if replicas)

    def _has_work(self, name: str, replicas: Sequence[Replica]) -> bool:
        held = any(replica.connection.held for replica in replicas)
        return held or self._world.courier.at_hand(name) > 0 or self._unfinished(name)

    def _unfinished(self, name: str) -> bool:
        rows = self._rows(name)
        if rows.unfinished:
            return True
        now = START.timestamp() + self._world.loop.time()
        attempts = rows.next_attempt is not None and rows.next_attempt < now + PATIENCE_SECONDS
        calls = rows.next_effect is not None and rows.next_effect < now + CALL_SECONDS
        leases = rows.next_lease is not None and rows.next_lease < now + self._lease_seconds
        if attempts or calls or leases:
            return True
        timer = self._next_timer(name)
        return timer is not None and timer <= self._world.calendar.now

    def _rows(self, name: str) -> Rows:
        """Looked up again only after a commit: nothing else changes them."""
        number = self._world.commits[name]
        if name not in self._looked or self._looked[name].commit != number:
            self._looked[name] = self._look_up(name, number)
        return self._looked[name]

    def _look_up(self, name: str, commit: int) -> Rows:
        books = self._world.oracle.books
        [(unfinished, timer, attempt, effect)] = books.rows(name, UNFINISHED)
        states = frozenset(state for (state,) in books.rows(name, STATES)) if name in WITH_FLOWS else frozenset()
        lease = books.value(name, LEASES) if name == "shipping" else None
        return Rows(commit, bool(unfinished), timer and time_of(timer), attempt, effect, lease, states)

    def _nothing_in_flight(self) -> bool:
        up = all(len(self._world.alive(name)) > 0 for name in self._world.replicas)
        return up and not self._world.courier.delayed and not self._attempts_to_come()

    def _attempts_to_come(self) -> bool:
        rows = [self._rows(name) for name in self._world.replicas if self._world.alive(name)]
        return any(row.next_attempt or row.next_effect or row.next_lease for row in rows)

    def _timers(self) -> list[datetime | None]:
        return [self._next_timer(name) for name in self._world.replicas if self._world.alive(name)]

    def _next_timer(self, name: str) -> datetime | None:
        """When, by the calendar, the first of the service's processes will find its next timer due."""
        due, replicas = self._rows(name).next_timer, self._world.replicas[name]
        return due - max(replica.clock.skew for replica in replicas) if due and replicas else None
