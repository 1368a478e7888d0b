"""`minuet up` on PostgreSQL: the whole system in one process, and two replicas of a service beside the others."""

import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from minuet import seeding
from minuet.services import NAMES
from tests.servers.postgresql import PostgreSQL, free_port
from tests.system.running import MINUET, Running, clean_environment, running, until

CARD = {"method": "card", "token": "tok_ok"}
ORDERS = 20


def on(server: PostgreSQL) -> Mapping[str, str]:
    return {"MINUET_DATABASE_URL": server.url("minuet_{service}")}


def ends(order: Running, ids: list[str]) -> Counter[str]:
    return Counter(order.get(f"/orders/{order_id}")["state"] for order_id in ids)


def all_completed(order: Running, ids: list[str]) -> None:
    until(lambda: ends(order, ids) == {"completed": len(ids)} or None, f"{len(ids)} orders to complete", 60)


def test_everything_in_one_process_waits_for_the_server_and_survives_its_death(
    own_postgresql: PostgreSQL, tmp_path: Path
) -> None:
    """It is alive but not ready before the server is there, and goes on by itself after a crash of it."""
    system = Running(tmp_path, environment=on(own_postgresql))
    try:
        system.launch()
        assert system.client.get("/readyz").status_code == 503
        until(lambda: "the database or the broker is away" in system.log() or None, "the log to say what it waits for")
        own_postgresql.start()
        until(lambda: system.client.get("/readyz").is_success or None, f"readiness; log: {system.log()}", 10)
        system.minuet("seed")
        ids = [system.place(f"k{n}", "c-1", {"CUP": 1}, CARD)["order_id"] for n in range(ORDERS)]
        own_postgresql.kill()
        until(lambda: system.client.get("/readyz").status_code == 503 or None, "it to say that the database is away")
        own_postgresql.start()
        all_completed(system, ids)
        assert len(system.get("/gateway/ledger")["charges"]) == ORDERS
        assert system.get("/dead-letters")["items"] == []
        assert system.stop() == 0
    finally:
        system.kill()
        system.client.close()


def test_two_replicas_of_the_order_service_share_its_orders(own_postgresql: PostgreSQL, tmp_path: Path) -> None:
    """Both are asked, both hear the answers, and each order goes its way once."""
    own_postgresql.start()
    others = [name for name in NAMES if name != "order"]
    with (
        running(tmp_path, *others, "gateway", environment=on(own_postgresql)) as rest,
        running(tmp_path, "order", environment=on(own_postgresql)) as one,
        running(tmp_path, "order", environment=on(own_postgresql)) as other,
    ):
        for service, path, body in seeding.puts():
            (one if service == "order" else rest).client.put(path, json=body).raise_for_status()
        replicas = [one, other]
        ids = [replicas[n % 2].place(f"k{n}", "c-1", {"CUP": 1}, CARD)["order_id"] for n in range(ORDERS)]
        assert replicas[1].place("k0", "c-1", {"CUP": 1}, CARD)["order_id"] == ids[0]
        all_completed(one, ids)
        histories = [other.get(f"/orders/{order_id}")["history"] for order_id in ids]
        assert {tuple(step["to"] for step in history) for history in histories} == {
            ("awaiting_payment", "awaiting_goods", "awaiting_shipment", "completed")
        }
        assert len(rest.get("/gateway/ledger")["charges"]) == ORDERS
        assert [service.get("/dead-letters")["items"] for service in (rest, one, other)] == [[], [], []]


def test_migrating_a_server_that_is_away_says_so(tmp_path: Path) -> None:
    """With what to check, and nothing of our insides."""
    url = f"postgresql+psycopg://minuet:secret@127.0.0.1:{free_port()}/minuet_{{service}}"
    done = subprocess.run(
        [*MINUET, "migrate"],
        cwd=tmp_path,
        env={**clean_environment(), "MINUET_DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "the database cannot be reached, check MINUET_DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
