"""`minuet up`: serve until told to stop."""

import ipaddress
import signal
import socket
from pathlib import Path

import uvicorn

from minuet.embedded import embedded
from minuet.folder import Folder
from minuet.settings import Settings

GRACE_SECONDS = 3  # for requests under way; the process is to be gone within 5 s


class NotLoopback(Exception):
    """Without a token, nobody but this machine may call."""


async def up(settings: Settings, host: str, port: int) -> None:
    """Raises NotLoopback, FolderInUse."""
    if settings.api_token is None:
        require_loopback(host)
    with Folder(Path(".minuet")) as folder:
        kept = settings.model_copy(update={"clock": folder.clock(settings.clock)})
        async with embedded(kept, hosts=(host,)) as system:
            config = uvicorn.Config(
                system.app, host, port, log_config=None, access_log=False, timeout_graceful_shutdown=GRACE_SECONDS
            )
            print(f"minuet is up at http://{host}:{port}, data in {folder.path}/, clock {kept.clock}. Ctrl-C stops it.")
            leave_closing_to_us()
            await uvicorn.Server(config).serve()


def leave_closing_to_us() -> None:
    """Once it has stopped, the server raises again the signal that stopped it; by then we are closing."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)


def require_loopback(host: str) -> None:
    addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    if not all(ipaddress.ip_address(address).is_loopback for address in addresses):
        raise NotLoopback(f"{host} can be reached from other machines: set MINUET_API_TOKEN, or use --host 127.0.0.1")
