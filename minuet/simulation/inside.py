"""While a simulation runs in this process: no thread, no log, fewer looks at what is most often empty."""

import asyncio
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import anyio.to_thread
import structlog

import bus.host

T = TypeVar("T")


@contextmanager
def simulation_process(unexpected: Callable[[BaseException | None, str], None], poll_seconds: float) -> Iterator[None]:
    """`unexpected` is told of every error that is logged. Warnings are what faults are for."""

    def listen(_logger: Any, _level: str, event: Any) -> Any:
        unexpected(sys.exc_info()[1], str(event.get("event")))
        raise structlog.DropEvent

    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # absent: httpx looks for it with each request
    warnings.filterwarnings("ignore", "coroutine .* was never awaited")  # by a process that died: may show much later
    before, configured, polled = anyio.to_thread.run_sync, structlog.get_config(), bus.host.POLL_SECONDS
    anyio.to_thread.run_sync = run_sync  # type: ignore[assignment]
    bus.host.POLL_SECONDS = poll_seconds
    errors = structlog.make_filtering_bound_logger(logging.ERROR)
    structlog.configure(wrapper_class=errors, processors=[listen])
    try:
        yield
    finally:
        anyio.to_thread.run_sync = before
        bus.host.POLL_SECONDS = polled
        structlog.configure(**configured)


async def run_sync(work: Callable[..., T], *arguments: Any, **_: Any) -> T:
    """In place of anyio's threads: the loop's own, which are none."""
    return await asyncio.get_running_loop().run_in_executor(None, work, *arguments)
