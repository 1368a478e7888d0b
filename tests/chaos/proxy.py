"""A TCP proxy on loopback that can cut, swallow and slow what passes through it."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any

CHUNK = 65536


class Proxy:
    """Runs on a thread of its own, so that whoever tests may block. `port` is where to connect instead."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self._delay = 0.0
        self._open = threading.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Every connection ends at once, without a word. New ones may come."""
        self._call(lambda: reset(self._writers))

    def swallow(self) -> None:
        """Nothing passes any more, and nobody is told: a black hole."""
        self._open.clear()

    def slow(self, seconds: float) -> None:
        """Everything that passes takes so much longer."""
        self._delay = seconds

    def heal(self) -> None:
        """What was swallowed is gone with its connections; new ones pass at full speed."""
        self._delay = 0.0
        if not self._open.is_set():
            self._open.set()
            self.cut()

    def close(self) -> None:
        self._call(self._server.close)
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
        self._writers -= {writer, back}

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while chunk := await source.read(CHUNK):
                await asyncio.sleep(self._delay)
                if self._open.is_set():
                    target.write(chunk)
                    await target.drain()
        except OSError:
            pass
        target.close()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    def _call(self, what: Callable[[], object]) -> None:
        async def call() -> None:
            what()

        self._do(call())


def reset(writers: Iterable[asyncio.StreamWriter]) -> None:
    """Not even a goodbye: the other side gets a reset."""
    for writer in writers:
        at_once = struct.pack("ii", 1, 0)
        with suppress(OSError):  # it is closed already
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        writer.transport.abort()
