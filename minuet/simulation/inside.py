"""While a simulation runs in this process: no thread, no log."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import anyio.to_thread
import structlog

T = TypeVar("T")

SILENT = logging.CRITICAL  # warnings are what faults are for


@contextmanager
def simulation_process() -> Iterator[None]:
    before, configured = anyio.to_thread.run_sync, structlog.get_config()
    anyio.to_thread.run_sync = run_sync
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(SILENT))
    try:
        yield
    finally:
        anyio.to_thread.run_sync = before
        structlog.configure(**configured)


async def run_sync(work: Callable[..., T], *arguments: Any, **_: Any) -> T:
    """In place of anyio's threads: the loop's own, which are none."""
    return await asyncio.get_running_loop().run_in_executor(None, work, *arguments)
