"""A carrier's client and a customer who changes her mind, over HTTP alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.running import Running, running, until

CARD = {"method": "card", "token": "tok_ok"}


@pytest.fixture
def system(tmp_path: Path) -> Iterator[Running]:
    """Parcels are pulled."""
    with running(tmp_path) as system:
        system.minuet("seed")
        system.client.put("/carrier", json={"mode": "pull"}).raise_for_status()
        yield system


def test_the_wish_to_cancel_waits_for_the_worker_who_has_the_job_also_through_a_kill(system: Running) -> None:
    """The parcel is gone: the order is completed, the money is kept, the stock has left."""
    order_id = place(system)
    job = claimed(system, seconds=3600)
    system.client.post(f"/orders/{order_id}/cancel").raise_for_status()
    until(lambda: system.get(f"/shipments/{order_id}")["cancel_wished"] or None, "the wish")
    system.kill()
    system.start()
    report = {"worker": "w-1", "tracking_number": "T-1"}
    for _ in range(2):
        system.client.post(f"/jobs/{job['job_id']}/complete", json=report).raise_for_status()
    until_state(system, order_id, "completed")
    until(lambda: stock(system) == (498, 0, 2) or None, "the goods to have left")
    assert system.get(f"/payments/{order_id}")["refunded"]["amount"] == 0


def test_a_worker_who_never_comes_back_holds_up_no_cancellation(system: Running) -> None:
    """Nobody asks for work any more, yet the lease is over, and goods and money go back."""
    order_id = place(system)
    claimed(system, seconds=1)
    system.client.post(f"/orders/{order_id}/cancel").raise_for_status()
    until_state(system, order_id, "cancelled")
    assert stock(system) == (500, 0, 0)
    payment = system.get(f"/payments/{order_id}")
    assert payment["refunded"] == payment["received"]


def place(system: Running) -> str:
    order_id: str = system.place("one", "c-1", {"CUP": 2}, CARD)["order_id"]
    return order_id


def claimed(system: Running, seconds: int) -> Any:
    body = {"worker": "w-1", "max": 1, "lease_seconds": seconds}

    def ask() -> Any:
        return next(iter(system.client.post("/jobs/claims", json=body).raise_for_status().json()["items"]), None)

    return until(ask, "a job")


def until_state(system: Running, order_id: str, state: str) -> None:
    until(lambda: system.get(f"/orders/{order_id}")["state"] == state or None, f"order {order_id} to be {state}")


def stock(system: Running) -> tuple[int, int, int]:
    cups = system.get("/stock/CUP")
    return cups["on_hand"], cups["reserved"], cups["shipped"]
