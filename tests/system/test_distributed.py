"""Services as processes of their own, on the SQLite files of one folder."""

import socket
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from minuet import seeding
from tests.system.running import Running, free_port, running, until

CARD = {"method": "card", "token": "tok_ok"}


@contextmanager
def terminals(folder: Path) -> Iterator[Mapping[str, Running]]:
    """Every service in a process of its own, and the gateway."""
    with ExitStack() as stack:
        gateway = stack.enter_context(running(folder, "gateway"))
        elsewhere = {"MINUET_GATEWAY_URL": gateway.url}
        alone = {
            name: stack.enter_context(running(folder, name, environment=elsewhere))
            for name in ("order", "payment", "inventory", "shipping")
        }
        yield {**alone, "gateway": gateway}


def seed(services: Mapping[str, Running]) -> None:
    for service, path, body in seeding.puts():
        services[service].client.put(path, json=body).raise_for_status()


def test_an_order_goes_through_five_processes(tmp_path: Path) -> None:
    """Each serves its own paths alone, and the card is charged at the gateway over HTTP."""
    with terminals(tmp_path) as services:
        seed(services)
        order = services["order"].place("k", "c-1", {"TEAPOT": 1}, CARD)
        order_path = f"/orders/{order['order_id']}"
        until(lambda: services["order"].get(order_path)["state"] == "completed" or None, "the order to complete")
        assert services["payment"].get(f"/payments/{order['order_id']}")["state"] == "received"
        assert len(services["gateway"].get("/gateway/ledger")["charges"]) == 1
        assert services["shipping"].client.get(order_path).status_code == 404
        assert services["payment"].client.get("/gateway/ledger").status_code == 404
        assert "/stock/{sku}" in services["inventory"].get("/openapi.json")["paths"]
        for name, service in services.items():
            assert service.get("/readyz")["items"][0]["service"] == name
            assert service.stop() == 0


def test_a_service_that_is_away_is_waited_for(tmp_path: Path) -> None:
    """Its commands stay with who gave them, and are obeyed once it is there for the first time."""
    with running(tmp_path, "order") as order:
        order.client.put("/customers/c-1", json=customer()).raise_for_status()
        order.client.put("/catalogue/CUP", json={"name": "Cup", "price": {"amount": 100, "currency": "EUR"}})
        placed = order.place("k", "c-1", {"CUP": 1}, {"method": "card", "token": "tok_declined"})
        until(lambda: "payment.retrieve-payment.v1" in order.log() or None, "the log to say that nobody obeys")
        with running(tmp_path, "payment"):
            until(
                lambda: order.get(f"/orders/{placed['order_id']}")["in_clearing"] or None,
                "the payment to be answered",
            )


def customer() -> dict[str, object]:
    return {
        "name": "Ada",
        "email": "ada@example.com",
        "address": "12 Dock Street",
        "tier": "standard",
        "rewards_member": False,
    }


def test_one_folder_has_one_process_a_service(tmp_path: Path) -> None:
    """All exclude each, in both directions; one service does not exclude another."""
    with running(tmp_path, "order"), running(tmp_path, "inventory"):
        for options in ([], ["order"], ["shipping", "inventory"]):
            with pytest.raises(AssertionError, match=r"is in use by another `minuet up`.*PostgreSQL"):
                Running(tmp_path).minuet("up", "--port", "0", *options)
    with running(tmp_path), pytest.raises(AssertionError, match=r"is in use by another `minuet up`"):
        Running(tmp_path).minuet("up", "--port", "0", "order")


@pytest.mark.parametrize(
    ("words", "environment", "sentence"),
    [
        (["up", "nobody"], {}, "there is no service nobody; there are order, payment, inventory, shipping, gateway"),
        (["up", "order"], {"MINUET_TRANSPORT": "rabbitmq"}, "needs MINUET_AMQP_URL, e.g. amqp://"),
        (["up"], {"MINUET_TRANSPORT": "pigeon"}, "MINUET_TRANSPORT Input should be 'sql' or 'rabbitmq'"),
        (["up"], {"MINUET_GATEWAY_URL": "localhost:8090"}, "MINUET_GATEWAY_URL must begin with http"),
        (["up", "--host", "0.0.0.0"], {}, "set MINUET_API_TOKEN"),
        (["up", "--clock", "fast"], {}, "neither `real` nor like"),
        (["order", "list"], {"MINUET_DATABASE_URL": "one.db"}, "must contain {service}"),
    ],
)
def test_what_cannot_be_run_is_refused_with_a_sentence(
    tmp_path: Path, words: list[str], environment: dict[str, str], sentence: str
) -> None:
    """It says what to do instead, keeps no mark of it, and shows no traceback."""
    with pytest.raises(AssertionError) as refusal:
        Running(tmp_path, environment=environment).minuet(*words)
    assert sentence in str(refusal.value)
    assert "Traceback" not in str(refusal.value)
    assert not (tmp_path / ".minuet" / "clock").exists()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(AssertionError, match=f"port {port} of 127.0.0.1 is taken.*--port"):
            Running(tmp_path).minuet("up", "order", "--port", str(port))


def test_it_becomes_ready_by_itself_when_its_database_is_back(tmp_path: Path) -> None:
    """Meanwhile it lives, says what it waits for, and refuses what it cannot do yet."""
    (tmp_path / ".minuet").mkdir()
    blocker = sqlite3.connect(tmp_path / ".minuet" / "order.db", isolation_level=None)
    blocker.execute("PRAGMA journal_mode=WAL")
    blocker.execute("BEGIN EXCLUSIVE")
    system = Running(tmp_path, "order")
    try:
        system.launch()
        answer = system.client.get("/readyz")
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert system.client.get("/orders").status_code == 503
        blocker.execute("COMMIT")
        until(lambda: system.client.get("/readyz").is_success or None, "it to be ready", seconds=10)
        assert system.get("/orders")["items"] == []
    finally:
        blocker.close()
        system.kill()


def nobody_there() -> int:
    return free_port()


@contextmanager
def server_that_hangs() -> Iterator[int]:
    """It accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def away(port: int) -> dict[str, str]:
    return {"MINUET_DATABASE_URL": f"postgresql+psycopg://minuet:open-sesame@127.0.0.1:{port}/minuet_{{service}}"}


def test_while_the_database_is_away_it_says_so_and_stops_at_once(tmp_path: Path) -> None:
    """The password is in no line of its log."""
    system = Running(tmp_path, "payment", "gateway", environment=away(nobody_there()))
    system.launch()
    answer = system.client.get("/readyz")
    assert answer.status_code == 503
    assert "database of payment, broker of payment, database of gateway" in answer.json()["detail"]
    assert system.client.get("/metrics").is_success
    until(lambda: system.log().count("not started, trying again") > 1 or None, "it to try again")
    assert stopped_within_five_seconds(system)
    assert "open-sesame" not in system.log()
    assert "Traceback" not in system.log()
    assert not (tmp_path / ".minuet").exists()


def test_a_database_that_hangs_does_not_hold_it(tmp_path: Path) -> None:
    """Health and readiness are told within seconds, and so is the end."""
    with server_that_hangs() as port:
        system = Running(tmp_path, "order", environment=away(port))
        system.launch()
        assert system.client.get("/readyz", timeout=3).status_code == 503
        assert system.client.get("/healthz", timeout=1).is_success
        assert stopped_within_five_seconds(system)


def test_a_stop_waits_for_no_effect_and_no_client(tmp_path: Path) -> None:
    """A slow card, a connection kept open and a request that never ends are under way."""
    with running(tmp_path) as system:
        system.minuet("seed")
        system.place("k", "c-1", {"TEAPOT": 1}, {"method": "card", "token": "tok_slow_2500"})
        until(lambda: system.get("/gateway/ledger")["charges"] or None, "the card to be charged")
        with (
            httpx.Client(base_url=system.url) as kept_open,
            socket.create_connection(("127.0.0.1", system.port)) as slow,
        ):
            kept_open.get("/healthz")
            slow.sendall(b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n")
            slow.sendall(b"Content-Type: application/json\r\n\r\n{")
            assert stopped_within_five_seconds(system)


def stopped_within_five_seconds(system: Running) -> bool:
    asked = time.monotonic()
    assert system.stop() == 0, system.log()
    assert time.monotonic() - asked < 5
    return True
