"""Payment in the whole system: troubles of the gateway and of cards, over days, through HTTP alone."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.system.running import Running, running, until

DAY_A_SECOND = 86400
TEAPOT = 5900


def clock(factor: int = DAY_A_SECOND) -> tuple[str, str]:
    return "--clock", f"accelerated:{factor}@{datetime.now(UTC).isoformat()}"


def place(system: Running, token: str) -> str:
    order_id: str = system.place(token, "c-1", {"TEAPOT": 1}, {"method": "card", "token": token})["order_id"]
    return order_id


def reached(system: Running, order_id: str, *states: str) -> Callable[[], str | None]:
    def found() -> str | None:
        state: str = system.get(f"/orders/{order_id}")["state"]
        return state if state in states else None

    return found


def case_of(system: Running, order_id: str) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        items = system.get("/clearing-cases", state="open")["items"]
        return next((case for case in items if case["reference"] == order_id), None)

    return until(found, f"a clearing case of {order_id}")


def books_agree(system: Running) -> dict[str, int]:
    """Ours and the gateway's. Returns the totals."""
    totals: dict[str, int] = system.get("/ledger")["totals"]["EUR"]
    gateway = system.get("/gateway/ledger")
    keys = [charge["key"] for charge in gateway["charges"]]
    assert len(keys) == len(set(keys))
    kept = sum(c["amount"]["amount"] for c in gateway["charges"]) - sum(
        r["amount"]["amount"] for r in gateway["refunds"]
    )
    assert totals["charged"] - totals["refunded_card"] == kept
    return totals


@pytest.fixture
def system(tmp_path: Path) -> Any:
    with running(tmp_path, *clock()) as system:
        system.minuet("seed")
        yield system


def test_whatever_ails_the_gateway_every_card_is_charged_once(system: Running) -> None:
    orders = {token: place(system, token) for token in ("tok_flaky_9", "tok_unknown_3", "tok_slow_3000")}
    for token, order_id in orders.items():
        until(reached(system, order_id, "completed"), f"the order with {token} to complete")
    assert [charge["amount"]["amount"] for charge in system.get("/gateway/ledger")["charges"]] == [TEAPOT] * 3
    assert books_agree(system)["charged"] == 3 * TEAPOT


def test_killed_while_the_gateway_is_away_the_tries_go_on(tmp_path: Path) -> None:
    """A minute of pauses in real time would be too long for a test, so time runs a little faster."""
    with running(tmp_path, *clock(20)) as system:
        system.minuet("seed")
        order_id = place(system, "tok_flaky_7")
        until(lambda: system.get("/gateway/ledger")["requests"] >= 3 or None, "the third call to the gateway")
        system.kill()
        system.start()
        until(reached(system, order_id, "completed"), "the order to complete", seconds=60)
        assert books_agree(system)["charged"] == TEAPOT


def test_a_gateway_that_is_away_for_a_day_is_a_case_for_the_call_centre(system: Running) -> None:
    order_id = place(system, "tok_flaky_9999")
    assert "could not be reached for a day" in case_of(system, order_id)["reason"]
    until(lambda: system.get(f"/orders/{order_id}")["in_clearing"] or None, "the order service to hear of it")


def test_a_declined_card_is_cleared_with_a_new_one_and_credit_is_used_first(system: Running) -> None:
    system.client.put("/credits/c-1", json={"balance": {"amount": 900, "currency": "EUR"}}).raise_for_status()
    order_id = place(system, "tok_declined")
    path = f"/clearing-cases/{case_of(system, order_id)['case_id']}"
    assert system.client.post(f"{path}/claim", json={"agent": "ann"}).json()["agent"] == "ann"
    assert system.client.post(f"{path}/claim", json={"agent": "bob"}).status_code == 409
    resolution = {"outcome": "new_card", "token": "tok_ok", "note": "she read it to me", "agent": "ann"}
    system.client.post(f"{path}/resolve", json=resolution).raise_for_status()
    until(reached(system, order_id, "completed"), "the order to complete")
    totals = books_agree(system)
    assert (totals["charged"], totals["credit_used"]) == (TEAPOT - 900, 900)
    assert system.get("/credits/c-1")["balance"]["amount"] == 0


def test_what_nobody_clears_ends_without_money_and_with_the_credit_back(system: Running) -> None:
    """The price ends before the case does, nobody decides on a new one, and the withdrawal closes the case."""
    system.client.put("/credits/c-1", json={"balance": {"amount": 900, "currency": "EUR"}}).raise_for_status()
    order_id = place(system, "tok_expired")
    until(reached(system, order_id, "cancelled"), "the order to be cancelled", seconds=60)
    payment = system.get(f"/payments/{order_id}")
    assert (payment["state"], payment["received"], payment["refunded"]) == (
        "cancelled",
        {"amount": 900, "currency": "EUR"},
        {"amount": 900, "currency": "EUR"},
    )
    assert system.get("/credits/c-1")["balance"]["amount"] == 900
    assert [c["state"] for c in system.get("/clearing-cases")["items"]] == ["withdrawn"]
    assert books_agree(system)["charged"] == 0
