"""Another shop, which uses payment, inventory and shipping too, in no good sequence, and says things more than once."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from bus.message import Message
from minuet.simulation.acting import Acting
from minuet.simulation.chance import branch
from minuet.simulation.plan import CARDS, GOODS_WEIGHTS, PRICES
from minuet.simulation.world import World
from order_service.messages import Item, Money
from order_service.neighbours import (
    CancelPayment,
    CancelShipment,
    FetchGoods,
    Payer,
    Recipient,
    RefundPayment,
    ReleaseGoods,
    RetrievePayment,
    ShipGoods,
)

HOW_OFTEN = 0.3  # of all worlds
REFERENCE = "another shop's"
APART = (timedelta(0), timedelta(0), timedelta(hours=5), timedelta(days=2))


class Strangers:
    def __init__(self, world: World, acting: Acting) -> None:
        self._acting = acting
        self._chance = branch(world.seed, "strangers")
        self._said = 0

    def plan(self) -> None:
        if self._chance.random() < HOW_OFTEN:
            commands = self._chance.choice((self._about_money, self._about_goods, self._about_a_parcel))()
            at = timedelta(days=self._chance.randrange(9))
            for make in self._chance.choices(commands, k=self._chance.choice((2, 3, 4))):
                at += self._chance.choice(APART)
                self._acting.plan(at, partial(self._say, make()))

    async def _say(self, command: Message) -> None:
        self._said += 1
        await self._acting.publish(command, f"stranger's {self._said}")

    def _about_money(self) -> tuple[Callable[[], Message], ...]:
        token = self._chance.choices(list(CARDS), list(CARDS.values()))[0]
        amount, payer = Money(amount=1250, currency="EUR"), Payer(id="s-1", name="Sam", email="sam@example.com")
        return (
            lambda: RetrievePayment(reference=REFERENCE, attempt=1, amount=amount, payer=payer, card_token=token),
            lambda: CancelPayment(reference=REFERENCE, attempt=1),
            lambda: RefundPayment(reference=REFERENCE, attempt=1, reason="regret"),
        )

    def _about_goods(self) -> tuple[Callable[[], Message], ...]:
        items = [Item(sku=self._chance.choices(list(PRICES), GOODS_WEIGHTS)[0], quantity=1)]
        return (
            lambda: FetchGoods(reference=REFERENCE, items=items),
            lambda: FetchGoods(reference=REFERENCE, items=items),
            lambda: ReleaseGoods(reference=REFERENCE),
        )

    def _about_a_parcel(self) -> tuple[Callable[[], Message], ...]:
        recipient = Recipient(name="Sam", address=self._chance.choice(("4 Harbour Row", " ")))
        return (
            lambda: ShipGoods(reference=REFERENCE, pick_id="p", recipient=recipient),
            lambda: ShipGoods(reference=REFERENCE, pick_id="p", recipient=recipient),
            lambda: CancelShipment(reference=REFERENCE),
        )
