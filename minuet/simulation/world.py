"""All services, their broker, databases, gateway and clocks, as one seed makes them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID

from bus.service import Service
from minuet.simulation.agenda import Agenda
from minuet.simulation.chance import branch
from minuet.simulation.clock import Calendar, NodeClock
from minuet.simulation.courier import Courier
from minuet.simulation.disk import Failed
from minuet.simulation.faults import Faults
from minuet.simulation.loop import Crashed, VirtualLoop
from minuet.simulation.oracle.books import Books
from minuet.simulation.oracle.touched import Touched
from minuet.simulation.oracle.violation import Violation, rows_named
from minuet.simulation.oracle.watch import Oracle
from minuet.simulation.replica import RUNNING_IN, Replica, task_factory
from minuet.simulation.stage import stage
from minuet.simulation.telling import Telling
from minuet.simulation.trace import Trace
from minuet.simulation.visits import Visiting

THREAD_SECONDS = (0.002, 0.002, 0.02, 0.2)  # in different worlds; the longer, the more comes together in one batch
SLOWEST_SECONDS = 5.0
PAUSE_SECONDS = 9.0  # longer than any lease
RESTART_SECONDS = 3.0
AWAY = timedelta(days=4)
SKEW = timedelta(minutes=10)
DRIFT_SECONDS = 40.0  # longer than leases: who is ahead believes that they are over
POLL_SECONDS = (5.0, 5.0, 5.0, 1.0)  # recovery looks around as well as ever, and most of its looks find nothing


class World:
    def __init__(self, seed: int, faults: Faults, listen: Callable[[str], None] | None) -> None:
        self.seed = seed
        self.faults = faults
        self.stage = stage()
        self.stage.clear()
        self.loop = VirtualLoop(self._duration)
        self.loop.set_task_factory(task_factory)  # type: ignore[arg-type]
        self.calendar = self.stage.gateway_clock.calendar = Calendar()
        self.trace = Trace(self.calendar, self.loop, listen)
        self.agenda = Agenda(self.calendar)
        self.courier = Courier(seed, self.loop, faults, self.agenda.plan)
        self.replicas: dict[str, list[Replica]] = {service.name: [] for service in self.stage.services}
        self.commits: Counter[str] = Counter()
        self.restarting = 0
        self.violation: Violation | None = None
        self.broken: Exception | None = None
        self.watchers: list[Callable[[str, Sequence[Touched]], None]] = []  # told of every commit, and what it wrote
        self.over = self.loop.create_future()
        self.visiting = Visiting()
        self.oracle = Oracle(
            Books(self.stage.databases()), self._consumers(), lambda: self.calendar.now, self._violated
        )
        self._telling = Telling(self.oracle.books)
        self._ids = branch(seed, "ids")
        self._threads = branch(seed, "threads")
        self._thread_seconds = self._threads.choice(THREAD_SECONDS)
        self.poll_seconds = branch(seed, "poll").choice(POLL_SECONDS)
        self._nodes = branch(seed, "nodes")
        self.stage.network.faults = faults
        self.stage.network.waiting = 0
        self.stage.network.slow_to_tell = branch(seed, "network").random() < 0.5
        faults.told = self.trace.tell
        for name, disk in self.stage.disks.items():
            disk.began = partial(self.visiting.begin, name)
            disk.committed = partial(self._committed, name)

    def new_id(self) -> UUID:
        return UUID(int=self._ids.getrandbits(128), version=4)

    async def start(self) -> None:
        for service in self.stage.services:
            await self.courier.broker.declare(service.name, service.bindings())
        for service in self.stage.services:
            count = 1 if self.faults.strike("two-replicas", service.name) is None else 2
            for _ in range(count):
                self._boot(service)

    def _duration(self) -> float:
        """Of half of a thread's work: until it is done, or until that is known."""
        replica = RUNNING_IN.get()
        hard = None if replica is None else self.faults.strike("pause", replica.name)
        if replica is not None and hard is not None:
            replica.stand_still(PAUSE_SECONDS * hard)
        still = 0.0 if replica is None else max(0.0, replica.still_until - self.loop.time())
        slow = 0.0 if replica is None or self.faults.healed else SLOWEST_SECONDS * replica.slow**2
        return still + (self._thread_seconds + slow) * self._threads.random()

    def alive(self, name: str) -> list[Replica]:
        return list(self.replicas[name])

    def end(self, violation: Violation | None = None) -> None:
        if not self.over.done():
            if violation is not None and not violation.rows:
                violation = replace(violation, rows=rows_named(self.oracle.books, violation.found))
            self.violation = violation
            self.over.set_result(None)

    def breaks(self, error: Exception) -> None:
        """The simulation itself has a bug."""
        self.broken = self.broken or error
        self.end()

    def unexpected(self, error: BaseException | None, said: str) -> None:
        """A process has met what it has no remedy for, and goes on."""
        if not isinstance(getattr(error, "orig", None), Failed):
            self._violated(Violation("L1", "whatever goes wrong has its remedy", f"{said}: {error!r}"))

    def close(self) -> None:
        for replicas in self.replicas.values():
            for replica in replicas:
                replica.disk.dead = True
                replica.connection.cut()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0.01))
        self.loop.close()

    def _boot(self, service: Service) -> None:
        hard = self.faults.strike("clock-skew", service.name)
        wrong = 0.0 if hard is None else 2 * hard - 1
        clock = NodeClock(self.calendar, self.loop, SKEW * wrong, DRIFT_SECONDS * wrong)
        replica = Replica(
            service,
            self.stage.disks[service.name],
            self.courier,
            clock,
            self.new_id,
            self.faults,
            self.trace.tell,
            lambda dead: self._died(service, dead),
        )
        replica.slow = self.faults.strike("slow-machine", service.name) or 0.0
        self.replicas[service.name].append(replica)
        self.trace.tell(service.name, "starts")
        replica.boot()

    def _died(self, service: Service, dead: Replica) -> None:
        self.trace.tell(service.name, "is dead")
        self.replicas[service.name].remove(dead)
        down = self.faults.strike("service-down", service.name)
        if down is not None:
            self.agenda.plan(AWAY * down, lambda: self._boot(service))
        else:
            self.restarting += 1
            self.loop.call_later(RESTART_SECONDS * self._nodes.random(), self._restart, service)

    def _restart(self, service: Service) -> None:
        self.restarting -= 1
        self._boot(service)

    def _committed(self, name: str) -> None:
        self.commits[name] += 1
        self.visiting.committed(name)
        try:
            rows = self.oracle.committed(name)
        except Exception as error:  # the oracle's own: whoever commits must not take it for a database's
            self.breaks(error)
            raise Crashed from error
        if rows:
            for watch in self.watchers:
                watch(name, rows)
            for line in self._telling.commit(name, rows):
                self.trace.tell(name, line)

    def _violated(self, violation: Violation) -> None:
        self.trace.tell("oracle", violation.invariant)
        self.end(violation)

    def _consumers(self) -> dict[str, list[str]]:
        consumers: dict[str, list[str]] = {}
        for service in self.stage.services:
            for binding in service.bindings():
                consumers.setdefault(binding.wire_name, []).append(service.name)
        return consumers
