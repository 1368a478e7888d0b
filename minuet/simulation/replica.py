"""One process of one service, which may die at any moment."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextvars import ContextVar, copy_context
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from bus.activity import Activity
from bus.errors import Unavailable
from bus.host import Host
from bus.ids import IdSource
from bus.service import Service
from minuet.simulation.clock import NodeClock
from minuet.simulation.connection import Connection
from minuet.simulation.courier import Courier
from minuet.simulation.disk import Disk, WatchedDisk
from minuet.simulation.faults import Faults

T = TypeVar("T")

RUNNING_IN: ContextVar["Replica | None"] = ContextVar("replica", default=None)  # the process that code runs in


class Keys(Activity):
    """What a process says is under way in it."""

    listens: ClassVar[bool] = True

    def __init__(self) -> None:
        self.under_way: set[str] = set()

    def begin(self, keys: Iterable[str]) -> None:
        self.under_way.update(keys)

    def end(self, keys: Iterable[str]) -> None:
        self.under_way.difference_update(keys)

    def next_due(self, service: str, due: datetime | None) -> None:
        """The databases say it too."""


class Replica:
    """The service's host, with a clock, a connection and a database of its own to fail. `died` is told of its end."""

    def __init__(
        self,
        service: Service,
        disk: WatchedDisk,
        courier: Courier,
        clock: NodeClock,
        ids: IdSource,
        faults: Faults,
        told: Callable[[str, str], None],
        died: Callable[["Replica"], None],
    ) -> None:
        self.name = service.name
        self.clock = clock
        self.new_id = ids
        self.activity = Keys()
        self.alive = True
        self.slow = 0.0  # from 0 to 1
        self.still_until = 0.0  # by the loop's time
        self.connection = Connection(courier, service.name, faults, self.crash, self.stop, told)
        self.disk = Disk(disk, service.name, faults, self.crash)
        self.host = Host(service, self.disk, self.connection, clock, ids, self.activity)
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._died = died
        self._context = copy_context()
        self._context.run(RUNNING_IN.set, self)

    def run(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """In this process: it dies with it."""
        return self._context.run(asyncio.get_running_loop().create_task, work)

    def boot(self) -> None:
        self.run(self._boot())

    async def _boot(self) -> None:
        await self.host.declare()
        try:
            await self.host.start()
        except Unavailable:
            self.crash()

    def crash(self) -> None:
        """Nothing is flushed, nothing is stopped in order: what it had not committed is gone."""
        if self.alive:
            self.alive = False
            self.disk.dead = True
            self.connection.cut()
            for task in list(self._tasks):
                task.cancel()
            self._died(self)

    def stand_still(self, seconds: float) -> None:
        """Nothing that it begins is done before."""
        self.still_until = max(self.still_until, asyncio.get_running_loop().time() + seconds)

    def stop(self) -> None:
        """In good order: it finishes what it can, and goes."""
        self.run(self._stop())

    async def _stop(self) -> None:
        try:
            await self.host.stop()
        finally:
            self.crash()

    def adopt(self, task: "asyncio.Task[Any]") -> None:
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)
        if not self.alive:
            task.cancel()


def task_factory(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], **options: Any) -> "asyncio.Task[T]":
    """Every task belongs to the process that started it."""
    task = asyncio.Task(work, loop=loop, **options)
    replica = RUNNING_IN.get()
    if replica is not None:
        replica.adopt(task)
    return task
