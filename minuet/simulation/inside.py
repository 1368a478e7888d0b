"""While a simulation runs in this process: no thread, no log, and fewer looks at what is most often empty."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import anyio.to_thread
import structlog

import bus.host

T = TypeVar("T")

SILENT = logging.CRITICAL  # warnings are what faults are for


POLL_SECONDS = 4.0  # recovery looks around as well as ever, and most of its looks find nothing


@contextmanager
def simulation_process() -> Iterator[None]:
    before, configured, polled = anyio.to_thread.run_sync, structlog.get_config(), bus.host.POLL_SECONDS
    anyio.to_thread.run_sync = run_sync  # type: ignore[assignment]
    bus.host.POLL_SECONDS = POLL_SECONDS
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(SILENT))
    try:
        yield
    finally:
        anyio.to_thread.run_sync = before
        bus.host.POLL_SECONDS = polled
        structlog.configure(**configured)


async def run_sync(work: Callable[..., T], *arguments: Any, **_: Any) -> T:
    """In place of anyio's threads: the loop's own, which are none."""
    return await asyncio.get_running_loop().run_in_executor(None, work, *arguments)
