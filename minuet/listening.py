"""The address that a process listens at: taken before anything else, so that a mistake shows at once."""

import errno
import ipaddress
import socket

BACKLOG = 2048


class NotLoopback(Exception):
    """Without a token, nobody but this machine may call."""


class PortTaken(Exception):
    pass


def listen(host: str, port: int) -> socket.socket:
    """Raises PortTaken, OSError."""
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortTaken(f"port {port} of {host} is taken: stop who listens there, or give another --port") from None


def address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def require_loopback(host: str) -> None:
    addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    if not all(ipaddress.ip_address(address).is_loopback for address in addresses):
        raise NotLoopback(f"{host} can be reached from other machines: set MINUET_API_TOKEN, or use --host 127.0.0.1")
