"""RabbitMQ and PostgreSQL are killed, or away for a minute, as orders flow through processes in replicas."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.postgresql import PostgreSQL
from tests.servers.rabbitmq import RabbitMQ
from tests.system.cluster import CARD, ENDS, Cluster, Payment, meanwhile
from tests.system.running import until

ORDERS = 200
AWAY_SECONDS = 60.0
SAMOVARS = 10
Server = RabbitMQ | PostgreSQL


@pytest.fixture(scope="module")
def broker() -> Iterator[RabbitMQ]:
    server = RabbitMQ()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="module")
def database() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def cluster(tmp_path: Path, broker: RabbitMQ, database: PostgreSQL) -> Iterator[Cluster]:
    virtual_host = broker.virtual_host(tmp_path.name)
    with Cluster(tmp_path, database, virtual_host, replicas={"order": 2}) as made:
        made.seed({"TEAPOT": 10_000, "SAMOVAR": SAMOVARS})
        yield made


def orders() -> list[tuple[str, str, dict[str, int], Payment]]:
    """Every fifth wants a samovar, of which there are few; every seventh card's answer is lost."""
    return [
        (
            f"k{n}",
            "c-1",
            {"SAMOVAR": 1} if n % 5 == 0 else {"TEAPOT": 1},
            {"method": "card", "token": "tok_unknown_1"} if n % 7 == 0 else CARD,
        )
        for n in range(ORDERS)
    ]


@pytest.mark.long  # tests/chaos kills both as well
@pytest.mark.parametrize("which", ["broker", "database"])
def test_killed_while_orders_flow_each_order_ends_right_and_each_effect_happens_once(
    which: str, cluster: Cluster, request: pytest.FixtureRequest
) -> None:
    """kill -9 of the broker, an immediate shutdown of the database, twice, and a start again."""
    server: Server = request.getfixturevalue(which)
    placing = meanwhile(lambda: cluster.place_all(orders()))
    for part in (0.2, 0.6):
        until(lambda part=part: flowing(cluster, part), "orders to flow", seconds=60)  # type: ignore[misc]
        server.kill()
        server.start()
    placing.join()
    books_are_right(cluster)


@pytest.mark.long
@pytest.mark.parametrize("which", ["broker", "database"])
def test_away_for_a_minute_nothing_is_parked_and_all_goes_on_by_itself(
    which: str, cluster: Cluster, request: pytest.FixtureRequest
) -> None:
    """Within 10 s of the return everybody is ready and at work; nothing was counted against any message."""
    server: Server = request.getfixturevalue(which)
    placing = meanwhile(lambda: cluster.place_all(orders()))
    until(lambda: flowing(cluster, 0.3), "orders to flow", seconds=60)
    server.kill()
    until(lambda: all(not_ready(cluster)) or None, "everybody to say that it is away", seconds=10)
    time.sleep(AWAY_SECONDS)  # being away is what is tested
    server.start()
    until(lambda: not any(not_ready(cluster)) or None, "everybody to be ready again", seconds=10)
    placing.join()
    books_are_right(cluster)


def flowing(cluster: Cluster, part: float) -> bool | None:
    return cluster.states().total() >= part * ORDERS or None


def not_ready(cluster: Cluster) -> list[bool]:
    """Of all but the gateway, which needs no broker."""
    processes = [process for some in cluster.processes.values() for process in some]
    return [process.client.get("/readyz").status_code == 503 for process in processes]


def books_are_right(cluster: Cluster) -> None:
    until(lambda: at_rest(cluster), f"every order to end; {cluster.states()}", seconds=90)
    samovars = ORDERS // 5
    assert cluster.states() == {"completed": ORDERS - samovars + SAMOVARS, "cancelled": samovars - SAMOVARS}
    gateway = cluster.get("gateway", "/gateway/ledger")
    assert len({charge["reference"] for charge in gateway["charges"]}) == len(gateway["charges"]) == ORDERS
    assert len({refund["reference"] for refund in gateway["refunds"]}) == len(gateway["refunds"]) == samovars - SAMOVARS
    totals = cluster.get("payment", "/ledger")["totals"]["EUR"]
    kept = sum(c["amount"]["amount"] for c in gateway["charges"]) - sum(
        r["amount"]["amount"] for r in gateway["refunds"]
    )
    assert totals["charged"] - totals["refunded_card"] == kept
    stock = until(lambda: all_shipped(cluster), "GoodsShipped to be heard")
    assert (stock["on_hand"], stock["shipped"]) == (0, SAMOVARS)
    assert cluster.dead_letters() == []


def at_rest(cluster: Cluster) -> bool | None:
    found = cluster.states()
    return (found.total() == ORDERS and set(found) <= ENDS) or None


def all_shipped(cluster: Cluster) -> dict[str, int] | None:
    stocks: list[dict[str, int]] = [cluster.get("inventory", f"/stock/{sku}") for sku in ("TEAPOT", "SAMOVAR")]
    return stocks[1] if all(stock["reserved"] == 0 for stock in stocks) else None
