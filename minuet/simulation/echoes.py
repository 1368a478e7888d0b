"""What is said again, by somebody on the bus who kept it; and what is said that is not true, and hurts nobody."""

import asyncio
from datetime import timedelta

from bus.message import Message
from minuet.simulation.acting import Acting
from minuet.simulation.chance import branch, scatter
from minuet.simulation.oracle.instances import OrderRow
from minuet.simulation.world import World
from order_service.messages import Item, Money
from order_service.neighbours import FetchGoods, IssueInvoice, Payer, RetrievePayment
from payment_service.messages import PaymentReceived

HOW_OFTEN = 0.5  # of all worlds
ROUNDS = (0.01, 1, 2, 3, 4, 5, 7, 7, 8, 9, 10, 12, 14)  # days
PAYER = Payer(id="c-echo", name="Echo", email="echo@example.com")
NOT_HELD = "SELECT reference FROM reservations WHERE state IN ('unavailable', 'released') ORDER BY reference"
ASKED = "SELECT flow, subject FROM saga_instances ORDER BY created_at, instance_id"


class Echoes:
    """Payments, invoices and goods that were asked for are asked for again now and then: the answer is the same.

    Not of goods that are held: an order that is on its way would not understand why it hears of them again.
    """

    def __init__(self, world: World, acting: Acting) -> None:
        self._acting = acting
        self._books = world.oracle.books
        self._chance = branch(world.seed, "echoes")
        self._said = 0

    def plan(self) -> None:
        if self._chance.random() < HOW_OFTEN:
            for day in ROUNDS:
                self._acting.plan(timedelta(days=day), self._repeat)

    async def _repeat(self) -> None:
        for (reference,) in self._books.rows("inventory", NOT_HELD):
            order = self._books.order(reference)
            if order is not None and self._chance.random() < 0.5:
                await self._say(self._goods(order))
        for flow, reference in self._books.rows("payment", ASKED):
            order = self._books.order(reference)
            if order is not None and self._chance.random() < 0.5:
                await asyncio.sleep(scatter(self._chance))
                await self._say(self._invoice(order) if flow == "invoice" else self._payment(order))

    def _goods(self, order: OrderRow) -> Message:
        items = [Item(sku=item["sku"], quantity=item["quantity"]) for item in order.data["items"]]
        return FetchGoods(reference=order.instance_id, items=items)

    def _invoice(self, order: OrderRow) -> Message:
        total = Money.model_validate(order.data["total"])
        return IssueInvoice(reference=order.instance_id, amount=total, payer=PAYER, due_days=30)

    def _payment(self, order: OrderRow) -> Message:
        """Perhaps of an earlier attempt. What became of that is known: whoever says that it was paid moves nothing."""
        about = {"reference": order.instance_id, "amount": order.data["total"]}
        attempt = self._chance.randint(1, order.data["attempt"])
        if attempt < order.data["attempt"] and self._chance.random() < 0.3:
            return PaymentReceived.model_validate({**about, "attempt": attempt, "payment_id": "none"})
        card = {"payer": PAYER, "card_token": order.data["card_token"]}
        return RetrievePayment.model_validate({**about, **card, "attempt": attempt})

    async def _say(self, message: Message) -> None:
        self._said += 1
        await self._acting.publish(message, f"echo {self._said}")
