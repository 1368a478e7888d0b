"""`kill -9` at any moment, then `minuet up`: every order goes on and ends, every effect once."""

import random
import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.system.running import Running, running, until

ORDERS = 24
KILLS = 6
CARD = {"method": "card", "token": "tok_ok"}
ENDS = {"completed", "cancelled"}
TEAPOTS, SAMOVARS = 100, 1  # as seeded


def customer_places_orders(system: Running) -> None:
    for number in range(ORDERS):
        kind = number % 4
        if kind == 3:
            system.place(f"k{number}", "c-1", {"SAMOVAR": 1}, CARD)  # the first gets it, the others their money back
        elif kind == 2:
            system.place(f"k{number}", "c-vip", {"TEAPOT": 1}, {"method": "invoice"})
        elif kind == 1:
            system.place(f"k{number}", "c-2", {"TEAPOT": 1}, {"method": "card", "token": "tok_declined"})
        else:
            system.place(f"k{number}", "c-1", {"TEAPOT": 2}, CARD)


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_again_and_again_every_order_ends_and_every_effect_happens_once(tmp_path: Path, seed: int) -> None:
    """Orders are placed while the process is killed at random moments; then the books are read."""
    moments = random.Random(seed)
    with running(tmp_path) as system:
        system.minuet("seed")
        customer = threading.Thread(target=customer_places_orders, args=(system,))
        customer.start()
        for _ in range(KILLS):
            threading.Event().wait(moments.uniform(0.05, 0.8))  # the moment of the kill is what is random here
            system.kill()
            system.start()
        customer.join(timeout=60)
        assert not customer.is_alive()
        until(lambda: at_rest(system), f"every order to end; {states(system)}", seconds=40)
        assert states(system) == {"completed": 7, "cancelled": 11, "awaiting_invoice_payment": 6}
        money_is_right(system)
        stock_is_right(system)


def states(system: Running) -> Counter[str]:
    return Counter(order["state"] for order in system.get("/orders", limit=500)["items"])


def at_rest(system: Running) -> bool | None:
    give_up_cases(system)
    waiting = {"awaiting_invoice_payment"}  # for the customer
    found = states(system)
    return (found.total() == ORDERS and set(found) <= ENDS | waiting) or None


def give_up_cases(system: Running) -> None:
    """The agent has no luck with any card that was declined."""
    for case in system.get("/clearing-cases", state="open")["items"]:
        body = {"outcome": "gave_up", "note": "has no other card", "agent": "ann"}
        system.client.post(f"/clearing-cases/{case['case_id']}/resolve", json=body).raise_for_status()


def money_is_right(system: Running) -> None:
    gateway = system.get("/gateway/ledger")
    keys = [charge["key"] for charge in gateway["charges"]]
    assert len(keys) == len(set(keys)) == 12, "each card that is good was charged once"
    refunds = [refund["key"] for refund in gateway["refunds"]]
    assert len(refunds) == len(set(refunds)) == 5, "each samovar that is not there was refunded once"
    totals = system.get("/ledger")["totals"]["EUR"]
    at_gateway = sum(c["amount"]["amount"] for c in gateway["charges"])
    given_back = sum(r["amount"]["amount"] for r in gateway["refunds"])
    assert totals["charged"] - totals["refunded_card"] == at_gateway - given_back


def stock_is_right(system: Running) -> None:
    until(lambda: system.get("/stock/TEAPOT")["reserved"] == 0 or None, "GoodsShipped to be heard")
    teapots, samovars = system.get("/stock/TEAPOT"), system.get("/stock/SAMOVAR")
    assert (teapots["on_hand"], teapots["shipped"]) == (TEAPOTS - 18, 18)
    assert (samovars["on_hand"], samovars["shipped"]) == (SAMOVARS - 1, 1)


def test_sigterm_ends_within_five_seconds_and_nothing_is_lost(tmp_path: Path) -> None:
    """A stop in the middle of an order, and the order goes on after the start."""
    with running(tmp_path) as system:
        system.minuet("seed")
        order = system.place("k", "c-1", {"TEAPOT": 1}, {"method": "card", "token": "tok_slow_1500"})
        assert system.stop() == 0
        system.start()
        until(
            lambda: system.get(f"/orders/{order['order_id']}")["state"] == "completed" or None, "the order to complete"
        )
        assert len(system.get("/gateway/ledger")["charges"]) == 1


def test_a_folder_is_used_by_one_process_at_a_time(tmp_path: Path) -> None:
    """A second `minuet up` on the same folder says so and leaves the first alone."""
    with running(tmp_path) as system:
        second = Running(tmp_path)
        with pytest.raises(AssertionError, match=r"is in use by another `minuet up`"):
            second.minuet("up", "--port", str(second.port))
        assert system.get("/healthz")
