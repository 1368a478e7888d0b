"""Group commit: what arrives while one batch is being committed makes up the next."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

IDLE_SECONDS = 0.5  # housekeeping seldom needs a transaction of its own


class GroupCommit(Generic[T, R]):
    """One thread that commits batches. A batch is one item when idle and hundreds under load; nobody waits for more.

    `commit` runs in the thread; `committed` then runs on the event loop, before anyone who waits is told.
    """

    def __init__(
        self, name: str, commit: Callable[[list[T]], R], committed: Callable[[R], None] = lambda _: None
    ) -> None:
        self._commit = commit
        self._committed = committed
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._items: list[T] = []
        self._waiters: list[asyncio.Future[None]] = []
        self._drain: asyncio.Task[None] | None = None
        self._idle: asyncio.TimerHandle | None = None  # set while something wants to join
        self._overdue = False  # nobody came whom it could have joined

    async def submit(self, items: Sequence[T]) -> None:
        """Returns once the items are committed. Raises what `commit` raised."""
        done = asyncio.get_running_loop().create_future()
        self._items += items
        self._waiters.append(done)
        self._start()
        await done

    def join(self, item: T) -> None:
        """Let `item` join the next batch; if none comes soon, it goes alone. Nobody waits for it."""
        self._items.append(item)
        if self._idle is None:
            self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._let_go)

    async def close(self) -> None:
        """Commit what is there, and stop."""
        while self._items or (self._drain and not self._drain.done()):
            self._start()
            assert self._drain is not None
            await self._drain
        self._thread.shutdown()

    def _let_go(self) -> None:
        self._overdue = True
        self._start()

    def _start(self) -> None:
        if self._drain is None or self._drain.done():
            self._drain = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        """While somebody waits; what joined meanwhile waits for the next who does."""
        while True:
            items, waiters = self._take()
            try:
                result = await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, items)
                self._committed(result)
            except Exception as error:
                settle(waiters, error)
            else:
                settle(waiters, None)
            if not self._waiters and not self._overdue:
                break

    def _take(self) -> tuple[list[T], list[asyncio.Future[None]]]:
        if self._idle is not None:
            self._idle.cancel()
        taken = self._items, self._waiters
        self._items, self._waiters, self._idle, self._overdue = [], [], None, False
        return taken


def settle(waiters: list[asyncio.Future[None]], error: Exception | None) -> None:
    for waiter in waiters:
        if waiter.done():  # whoever waited was cancelled
            continue
        if error is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(error)
