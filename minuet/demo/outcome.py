"""Whether everything ended where it should: orders, money, stock."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from minuet.demo.scenarios import Scenario
from minuet.demo.shop import Shop
from minuet.demo.telling import money
from minuet.seeding import CATALOGUE

CURRENCY = "EUR"


class Outcome:
    """Collects what is not as expected, and prints the books."""

    def __init__(self, shop: Shop, console: Console, said: Mapping[str, Sequence[str]]) -> None:
        self._shop = shop
        self._console = console
        self._said = said
        self.wrong: list[str] = []

    async def check(self, scenarios: Sequence[Scenario]) -> None:
        gateway = await self._shop.get("gateway", "/gateway/ledger")
        await self._orders(scenarios, Counter(charge["reference"] for charge in gateway["charges"]))
        await self._money(scenarios, gateway)
        await self._stock(scenarios)

    async def _orders(self, scenarios: Sequence[Scenario], charges: Mapping[str, int]) -> None:
        table = Table("order", "ended", "received", "refunded", "as expected", title="The orders", title_justify="left")
        for scenario in scenarios:
            order = await self._shop.order(self._shop.order_id(scenario.key))
            received, refunded = await self._paid(order)
            fine = self._as_expected(scenario, order, received, refunded, charges[order["order_id"]])
            row = [scenario.title, order["state"], euros(received), euros(refunded), "yes" if fine else "NO"]
            table.add_row(*row)
        self._console.print(table)

    def _as_expected(self, scenario: Scenario, order: Any, received: int, refunded: int, charges: int) -> bool:
        path = tuple(move["to"] for move in order["history"] if move["to"] != move["from"])
        unsaid = [name for name in scenario.says if name not in self._said[order["order_id"]]]
        return all(
            [
                self._expect(f"{scenario.title}: path", path, scenario.path),
                self._expect(f"{scenario.title}: received", received, scenario.received),
                self._expect(f"{scenario.title}: refunded", refunded, scenario.refunded),
                self._expect(f"{scenario.title}: charges at the gateway", charges, scenario.charges),
                self._expect(f"{scenario.title}: never said", unsaid, []),
            ]
        )

    async def _paid(self, order: Any) -> tuple[int, int]:
        if "IssueInvoice" in [name for move in order["history"] for name in move["sent"]]:
            return (await self._shop.get("payment", f"/invoices/{order['order_id']}"))["paid"]["amount"], 0
        payment = await self._shop.get("payment", f"/payments/{order['order_id']}")
        return payment["received"]["amount"], payment["refunded"]["amount"]

    async def _money(self, scenarios: Sequence[Scenario], gateway: Any) -> None:
        totals = (await self._shop.get("payment", "/ledger"))["totals"][CURRENCY]
        at_gateway = total(gateway["charges"]) - total(gateway["refunds"])
        self._console.print("The money: " + ", ".join(f"{name} {euros(cents)}" for name, cents in totals.items()))
        self._console.print(f"The gateway's own ledger: {euros(at_gateway)} kept, {gateway['requests']} requests")
        self._expect("charged − refunded = the gateway's", totals["charged"] - totals["refunded_card"], at_gateway)
        received = totals["charged"] + totals["credit_used"] + totals["invoice_paid"]
        self._expect("received in all", received, sum(scenario.received for scenario in scenarios))

    async def _stock(self, scenarios: Sequence[Scenario]) -> None:
        shipped: Counter[str] = Counter()
        for scenario in scenarios:
            shipped.update(scenario.shipped)
        for sku, (_, _, initial) in CATALOGUE.items():
            stock = await self._shop.get("inventory", f"/stock/{sku}")
            counts = {name: stock[name] for name in ("on_hand", "reserved", "shipped")}
            self._console.print(
                f"The stock of {sku}: " + ", ".join(f"{count} {name}" for name, count in counts.items())
            )
            wanted = {"on_hand": initial - shipped[sku], "reserved": 0, "shipped": shipped[sku]}
            self._expect(f"stock of {sku}", counts, wanted)

    def _expect(self, what: str, found: object, wanted: object) -> bool:
        if found != wanted:
            self.wrong.append(f"{what}: {found}, expected {wanted}")
        return found == wanted


def total(rows: Sequence[dict[str, Any]]) -> int:
    return sum(row["amount"]["amount"] for row in rows)


def euros(cents: int) -> str:
    return money({"amount": cents, "currency": CURRENCY})
