"""Where the command line finds a service of a system whose services listen apart."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from typer.testing import CliRunner

from minuet import seeding, services
from minuet.cli import app

PLACE = ["order", "place", "--customer", "c-1", "--item", "CUP:1"]
COMMANDS = [PLACE, ["order", "list"], ["order", "show", "o-1"], ["order", "cancel", "o-1"]]


class Elsewhere(BaseHTTPRequestHandler):
    """Answers everything with an order, and remembers what was asked for."""

    asked: list[str]
    keys: list[str | None]
    not_now: int  # so often

    def do_GET(self) -> None:
        self.asked.append(self.path.partition("?")[0])
        self.keys.append(self.headers["Idempotency-Key"])
        if len(self.asked) <= self.not_now:
            self.send_response(503)
            self.send_header("Retry-After", "1")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        body = b"""{"order_id": "o-1", "state": "completed", "total": {"amount": 1, "currency": "EUR"}, "reason": null,
            "history": [], "deadlines": [], "undo": [], "items": [], "next": null}"""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return None

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@pytest.fixture
def elsewhere() -> Iterator[HTTPServer]:
    Elsewhere.asked, Elsewhere.keys, Elsewhere.not_now = [], [], 0
    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def call(server: HTTPServer, words: list[str]) -> list[str]:
    environment = {"MINUET_URL": f"http://127.0.0.1:{server.server_port}/{{service}}/{{port}}/"}
    done = CliRunner().invoke(app, words, env=environment)
    assert done.exit_code == 0, done.output
    return Elsewhere.asked


@pytest.mark.parametrize("words", COMMANDS)
def test_commands_about_orders_go_to_the_order_service(elsewhere: HTTPServer, words: list[str]) -> None:
    (path,) = call(elsewhere, words)
    assert path.startswith("/order/8081/orders")


def test_an_order_is_placed_once_however_often_it_is_asked_for(elsewhere: HTTPServer) -> None:
    """Who is told to come again may have been heard. Another order has another key."""
    Elsewhere.not_now = 1
    call(elsewhere, PLACE)
    call(elsewhere, PLACE)
    first, again, other = Elsewhere.keys
    assert first == again != other is not None


def test_seeding_goes_to_each_service_for_what_is_its_own(elsewhere: HTTPServer) -> None:
    expected = [f"/{service}/{services.PORTS[service]}{path}" for service, path, _ in seeding.puts()]
    assert call(elsewhere, ["seed"]) == expected


def test_an_address_that_is_none_is_refused_with_a_sentence() -> None:
    done = CliRunner().invoke(app, ["order", "list", "--url", "http://[nowhere"])
    assert done.exit_code == 1
    assert "no minuet answers at http://[nowhere" in done.output
