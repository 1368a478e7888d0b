"""Who lives with the system: customers, a call centre, VIPs who pay later, a carrier who pulls, an operator."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from tests.chaos.asking import Asking
from tests.system.cluster import Cluster

T = TypeVar("T")

CUSTOMERS = 6
PAUSE_SECONDS = 0.5  # between two looks at what there is to do
OPERATOR = {"author": "olga", "reason": "whatever was away is back"}


class People:
    def __init__(
        self, cluster: Cluster, seed: int, orders: Sequence["Wish"], per_second: float, *, all_cases: bool
    ) -> None:
        self.accepted: list[str] = []
        self._asking = Asking(cluster, seed)
        self._choices = random.Random(seed)
        self._outcomes = ("new_card", "new_card", "gave_up") if all_cases else ("new_card", "gave_up", "left")
        self._pace = per_second / CUSTOMERS
        self._left = list(reversed(orders))
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(CUSTOMERS + 5)
        self._customers = [self._pool.submit(self._customer) for _ in range(CUSTOMERS)]
        daily = (self._clear_cases, self._pay_invoices, self._decide_prices, self._attend, self._carry)
        self._others = [self._pool.submit(self._day_by_day, work) for work in daily]

    def shopping(self) -> bool:
        for future in (*self._customers, *self._others):
            raise_what_went_wrong(future)
        return not all(future.done() for future in self._customers)

    def go_home(self) -> None:
        self._over.set()
        self._pool.shutdown()
        for future in (*self._customers, *self._others):
            raise_what_went_wrong(future)

    def _customer(self) -> None:
        while self._left and not self._over.is_set():
            wish = self._left.pop()
            placed = self._asking.post("order", "/orders", wish.body(), wish.key)
            self.accepted.append(placed["order_id"])
            self._over.wait(self._choices.expovariate(self._pace))
            if wish.regretted:
                self._asking.post("order", f"/orders/{placed['order_id']}/cancel", {})

    def _day_by_day(self, work: Callable[[], None]) -> None:
        while not self._over.wait(PAUSE_SECONDS):
            work()

    def _clear_cases(self) -> None:
        """Some cases nobody gets round to."""
        for case in self._asking.get("payment", "/clearing-cases?state=open&limit=500")["items"]:
            outcome = lot(case["case_id"], self._outcomes)
            if outcome == "left":
                continue
            path, agent = f"/clearing-cases/{case['case_id']}", {"agent": "carl"}
            self._asking.post("payment", f"{path}/claim", agent)
            token = {"token": "tok_ok"} if outcome == "new_card" else {}
            self._asking.post("payment", f"{path}/resolve", {"outcome": outcome, "note": "by phone", **token, **agent})

    def _pay_invoices(self) -> None:
        """Some in two parts, some too much."""
        for order_id in self._asking.orders("awaiting_invoice_payment"):
            invoice = self._asking.get("payment", f"/invoices/{order_id}")
            if invoice is not None and invoice["state"] == "open":
                total = invoice["amount"]["amount"]
                for number, part in enumerate(
                    lot(order_id, ((total,), (total // 2, total - total // 2), (total + 100,)))
                ):
                    amount = {"amount": {"amount": part, "currency": "EUR"}}
                    self._asking.post("payment", f"/invoices/{order_id}/payments", amount, f"part-{number}")

    def _decide_prices(self) -> None:
        for order_id in self._asking.orders("awaiting_price_decision"):
            quote = self._asking.get("order", f"/orders/{order_id}")["quote"]
            decision = lot(order_id, ({"accept": True, "token": "tok_ok"}, {"accept": False}, None))
            if quote is not None and decision is not None:
                wish = {**decision, "quote": quote["number"]}
                self._asking.post("order", f"/orders/{order_id}/price-decision", wish)

    def _attend(self) -> None:
        for order_id in self._asking.orders("needs_attention"):
            self._asking.post("order", f"/orders/{order_id}/attention", {"action": "retry", **OPERATOR})

    def _carry(self) -> None:
        """For a while parcels are pulled, then they are pushed again."""
        self._asking.ask("shipping", "PUT", "/carrier", {"mode": "pull"})
        until = time.monotonic() + self._choices.uniform(2, 8)
        while time.monotonic() < until and not self._over.wait(PAUSE_SECONDS):
            self._work_off({"worker": "wim", "max": 10, "lease_seconds": 2})
        self._asking.ask("shipping", "PUT", "/carrier", {"mode": "push"})
        self._over.wait(self._choices.uniform(2, 8))

    def _work_off(self, claim: dict[str, object]) -> None:
        """Most are taken, some refused, some forgotten: their lease runs out."""
        for job in (self._asking.post("shipping", "/jobs/claims", claim) or {"items": []})["items"]:
            path, worker = f"/jobs/{job['job_id']}", {"worker": "wim"}
            match self._choices.choice(("take", "take", "take", "take", "refuse", "forget")):
                case "take":
                    self._asking.post(
                        "shipping", f"{path}/complete", {**worker, "tracking_number": f"W-{job['job_id']}"}
                    )
                case "refuse":
                    self._asking.post("shipping", f"{path}/fail", {**worker, "reason": "does not fit into the van"})


class Wish:
    """An order that a customer has in mind."""

    def __init__(self, number: int, choices: random.Random) -> None:
        self.key = f"k{number}"
        self.regretted = choices.random() < 0.08
        self._quantity = choices.randint(1, 3)
        self._token = choices.choices(TOKENS, WEIGHTS)[0]
        self._sku = "SAMOVAR" if choices.random() < 0.1 else choices.choice(("TEAPOT", "CUP", "KETTLE"))
        by_card = choices.choices(("c-1", "c-2", "c-3"), (10, 4, 1))[0]
        self._customer = "c-vip" if self._token == INVOICE else by_card

    def body(self) -> dict[str, object]:
        by_card = {"method": "card", "token": self._token}
        return {
            "customer_id": self._customer,
            "items": [{"sku": self._sku, "quantity": self._quantity}],
            "payment": {"method": "invoice"} if self._token == INVOICE else by_card,
        }


INVOICE = "by invoice"
TOKENS = ("tok_ok", "tok_declined", "tok_expired", "tok_unknown_1", "tok_flaky_2", "tok_slow_700", INVOICE)
WEIGHTS = (60, 7, 3, 6, 5, 4, 15)


def lot(name: str, of: Sequence[T]) -> T:
    return random.Random(name).choice(of)


def raise_what_went_wrong(future: Future[None]) -> None:
    if future.done():
        future.result()
