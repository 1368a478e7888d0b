"""An event loop whose time is virtual. It never waits, and runs everything in one thread, in one sequence."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

RESOLUTION = 1e-6  # seconds; coarser than what adding floats loses


class Crashed(BaseException):
    """The process that did this has died of it. Nobody in it is told, and nobody else either."""


class Standstill(Exception):
    """Nothing is ready and nothing is scheduled: nothing would ever happen again."""


class VirtualLoop(asyncio.BaseEventLoop):
    """`idle` is asked whenever nothing is ready: if it did something, no time passes. `duration` is a thread's."""

    def __init__(self, duration: Callable[[], float]) -> None:
        super().__init__()
        self._selector = self
        self._clock_resolution = RESOLUTION
        self.idle: Callable[[], bool] = lambda: False
        self._duration = duration
        self._time = 0.0
        self.set_exception_handler(lambda _loop, _context: None)  # what crashed is not heard of again

    def time(self) -> float:
        return self._time

    def select(self, timeout: float | None) -> list[Any]:
        """In place of a selector: there is nothing outside to wait for."""
        if timeout == 0 or self.idle():
            return []
        if timeout is None:
            raise Standstill("nothing is scheduled")
        self._time += timeout
        return []

    def run_in_executor(  # type: ignore[override]
        self, _executor: Any, work: Callable[..., T], *arguments: Any
    ) -> "asyncio.Future[T]":
        """As if in a thread: it takes a while until it runs, and a while until it is heard that it has run."""
        done: asyncio.Future[T] = self.create_future()
        self.call_later(self._duration(), self._work, done, work, arguments)
        return done

    def _work(self, done: "asyncio.Future[T]", work: Callable[..., T], arguments: tuple[Any, ...]) -> None:
        if done.cancelled():
            return
        try:
            result = work(*arguments)
        except Exception as error:
            self.call_later(self._duration(), settle, done, None, error)
        except Crashed:
            pass
        else:
            self.call_later(self._duration(), settle, done, result, None)

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody calls from another thread."""


def settle(done: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
    if done.done():  # whoever waited was cancelled
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
