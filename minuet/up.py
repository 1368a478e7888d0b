"""`minuet up`: serve until told to stop."""

import asyncio
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import structlog
import uvicorn
from fastapi import FastAPI

from minuet import services
from minuet.folder import Folder
from minuet.leaving import gone_within
from minuet.listening import address, listen, require_loopback
from minuet.settings import Settings, parse_clock
from minuet.starting import Starting
from minuet.system import has_sandbox, system

REQUEST_SECONDS = 2  # for requests under way, once told to stop
CLOSING_SECONDS = 2.4  # for everything after them: together less than 5 s

log = structlog.get_logger()


async def up(settings: Settings, names: Sequence[str], host: str, port: int) -> None:
    """Raises NotLoopback, PortTaken, FolderInUse, ValueError."""
    if settings.api_token is None:
        require_loopback(host)
    with ExitStack() as stack:
        listener = stack.enter_context(listen(host, port))
        kept = stack.enter_context(hold(settings, names))
        async with system(kept, names, hosts=(host,)) as built:
            where = f"{', '.join(names)} at {address(listener)}"
            log.info("starting", where=where, clock=kept.clock, transport=kept.transport)
            server = server_of(built.app)
            starting = asyncio.create_task(
                start(built.starting, f"minuet is up: {where}, clock {kept.clock}. Ctrl-C stops it.")
            )
            starting.add_done_callback(lambda task: stop(server) if failed(task) else None)
            await server.serve(sockets=[listener])
            gone_within(CLOSING_SECONDS)
            await given_up(starting)


@contextmanager
def hold(settings: Settings, names: Sequence[str]) -> Iterator[Settings]:
    """SQLite files have one process a service, and keep the clock of their first run."""
    path = settings.folder()
    is_kept = path is not None and Folder(path).has_clock()
    parse_clock(settings.clock, datetime.now(UTC), kept=is_kept)  # before it is kept
    if path is None:
        yield settings
        return
    mine = {*names, services.GATEWAY} if has_sandbox(settings, names) else set(names)
    folder = Folder(path)
    with folder.held(sorted(mine)):
        yield settings.model_copy(update={"clock": kept_clock(folder, settings.clock)})


def kept_clock(folder: Folder, wanted: str) -> str:
    kept = folder.clock(wanted)
    try:
        parse_clock(kept, datetime.now(UTC), kept=True)
    except ValueError as error:
        raise ValueError(f"{folder.path}/ keeps the clock of its first run: {error}; or move it away") from None
    return kept


async def start(starting: Starting, words: str) -> None:
    await starting.run()
    print(words, flush=True)


def server_of(app: FastAPI) -> uvicorn.Server:
    """A server that a signal stops, and that leaves the rest to us: it would raise the signal again when it is done."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=REQUEST_SECONDS
    )
    server = uvicorn.Server(config)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop(server))
    return server


def stop(server: uvicorn.Server) -> None:
    server.should_exit = True


def failed(task: asyncio.Task[None]) -> bool:
    return not task.cancelled() and task.exception() is not None


async def given_up(starting: asyncio.Task[None]) -> None:
    """Whoever is still trying to start need not any more. Raises why starting failed, if it did."""
    starting.cancel()
    await asyncio.wait([starting])
    if failed(starting):
        starting.result()
