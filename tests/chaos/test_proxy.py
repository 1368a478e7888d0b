"""The proxy itself: a checker that never harms anything proves nothing."""

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.chaos.proxy import Proxy


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that says everything back."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def serve(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=say_back, args=(connection,), daemon=True).start()


def say_back(connection: socket.socket) -> None:
    try:
        while chunk := connection.recv(1024):
            connection.sendall(chunk)
    except OSError:
        pass


@pytest.fixture
def proxy(echo: int) -> Iterator[Proxy]:
    made = Proxy(echo)
    yield made
    made.close()


def connected(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def test_what_goes_in_comes_out(proxy: Proxy) -> None:
    with connected(proxy) as client:
        client.sendall(b"hello")
        assert client.recv(10) == b"hello"


def test_a_cut_ends_connections_and_lets_new_ones_in(proxy: Proxy) -> None:
    with connected(proxy) as client:
        client.sendall(b"hello")
        assert client.recv(10) == b"hello"
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            client.recv(10)
    with connected(proxy) as client:
        client.sendall(b"again")
        assert client.recv(10) == b"again"


def test_a_black_hole_says_nothing_until_it_is_healed(proxy: Proxy) -> None:
    proxy.swallow()
    with connected(proxy) as client:
        client.settimeout(0.2)
        client.sendall(b"hello")
        with pytest.raises(TimeoutError):
            client.recv(10)
    proxy.heal()
    with connected(proxy) as client:
        client.sendall(b"again")
        assert client.recv(10) == b"again"
