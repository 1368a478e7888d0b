"""Another shop, which uses payment, inventory and shipping too, in no good sequence, and says things more than once."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from bus.message import Message
from minuet.simulation.acting import Acting
from minuet.simulation.chance import branch, scatter
from minuet.simulation.oracle.delivery import BABBLE
from minuet.simulation.plan import GOODS_WEIGHTS, PRICES
from minuet.simulation.staff import Staff
from minuet.simulation.world import World
from order_service.messages import Item, Money
from order_service.neighbours import (
    CancelInvoice,
    CancelShipment,
    FetchGoods,
    IssueInvoice,
    Payer,
    Recipient,
    ReleaseGoods,
    RetrievePayment,
    ShipGoods,
)
from payment_service.messages import CancelPayment, RefundPayment  # of an attempt, or of the latest

HOW_OFTEN = 0.7  # of all worlds
REFERENCE = "another shop's"
APART = tuple(timedelta(seconds=seconds) for seconds in (0, 0, 0, 1, 3, 30, 900, 5 * 3600, 2 * 86400))
PAYERS = [Payer(id=name, name="Sam", email="sam@example.com") for name in ("s-1", "s-2", "s-3")]
CALL_SECONDS = 4.0  # longer than a call to the gateway takes
GIVEN_UP_SECONDS = (2.5, 3.4)  # payment waits no longer for it, and it may still arrive
HASTY = 0.7  # the share of those who ask for something and say the rest while it is being done
CARDS = (
    "tok_ok",
    "tok_flaky_1",
    "tok_flaky_4",
    "tok_unknown_3",
    *("tok_declined", "tok_slow_2000", "tok_slow_4000") * 2,
)
DAYS = (2, 5)  # on which they begin: together, so that what nobody understands of it is tried again together
ALONE = timedelta(hours=7.3)  # at that time of the day nobody else does anything

Says = Callable[[], Message]


class Strangers:
    def __init__(self, world: World, acting: Acting, staff: Staff) -> None:
        self._acting = acting
        self._staff = staff
        self._chance = branch(world.seed, "strangers")
        self._said = 0

    def plan(self) -> None:
        if self._chance.random() < HOW_OFTEN:
            for number in range(self._chance.choice((2, 4, 8))):
                self._plan(f"{REFERENCE} {number}")
            for number in range(self._chance.choice((0, 0, 1, 2))):
                self._plan_babble(f"{BABBLE} {number}")

    def _plan(self, reference: str) -> None:
        kinds = (
            *(self._about_money,) * 4,
            *(self._about_an_invoice, self._about_goods, self._about_a_parcel, self._about_goods_in_a_parcel),
        )
        commands = self._chance.choice(kinds)(reference)
        at = timedelta(days=self._chance.choice(DAYS))
        if self._chance.random() < HASTY:
            self._plan_at_once(reference, at + self._chance.choice((timedelta(0), ALONE)), commands)
            return
        for make in self._chance.choices(commands, k=self._chance.choice((2, 3, 4))):
            at += self._chance.choice(APART)
            self._acting.plan(at, partial(self._say, make(), scatter(self._chance)))
            if self._chance.random() < 0.3:
                self._acting.plan(at, partial(self._urge, reference, CALL_SECONDS * self._chance.random()))

    def _plan_at_once(self, reference: str, at: timedelta, commands: Sequence[Says]) -> None:
        """The first of them first, in sequence, and others while a call to the gateway that came of it is under way."""
        first = self._chance.choice((1, 2, 3))
        for number, make in enumerate(commands[:first]):
            self._acting.plan(at, partial(self._say, make(), 0.1 * number))
        while_it_lasts = self._chance.choice((0.1, CALL_SECONDS))
        for make in self._chance.choices(commands, k=self._chance.choice((1, 2, 3))):
            self._acting.plan(at, partial(self._say, make(), while_it_lasts * self._chance.random()))
        for _ in range(self._chance.choice((0, 0, 1, 3))):
            while_given_up = self._chance.uniform(*GIVEN_UP_SECONDS)
            wait = self._chance.choice((while_it_lasts * self._chance.random(), while_given_up))
            self._acting.plan(at, partial(self._urge, reference, wait))

    def _plan_babble(self, reference: str) -> None:
        """What nobody can understand; and days later the same, or something else, under the same id."""
        command = self._chance.choice((ReleaseGoods, CancelShipment, CancelInvoice))(reference=reference)
        for day in DAYS:
            body = self._chance.choice((b'{"reference": 7}', b"[]"))
            wait = timedelta(days=day, seconds=self._chance.random())
            self._acting.plan(wait, partial(self._acting.publish, command, "babble", body))

    async def _say(self, command: Message, wait: float) -> None:
        await asyncio.sleep(wait)
        self._said += 1
        await self._acting.publish(command, f"stranger's {self._said}")

    async def _urge(self, reference: str, wait: float) -> None:
        """Operators let deadlines of its payment be over, perhaps while a call to the gateway is under way."""
        await asyncio.sleep(wait)
        for _ in range(self._chance.choice((1, 2))):
            await self._staff.hurry("payment", reference)
            await asyncio.sleep(scatter(self._chance))

    def _about_money(self, reference: str) -> Sequence[Says]:
        token = self._chance.choice(CARDS)
        amount = Money(amount=1250, currency="EUR")
        named = self._chance.choice((1, 1, 1, None, None, None, 2))
        payer = self._chance.choice(PAYERS)
        asked = {"reference": reference, "amount": amount, "payer": payer, "card_token": token}
        return (
            lambda: RetrievePayment(**asked, attempt=1),
            lambda: CancelPayment(reference=reference, attempt=named),
            lambda: RefundPayment(reference=reference, attempt=named, reason="regret"),
            *(lambda: RetrievePayment(**asked, attempt=2),) * (named != 1),
        )

    def _about_an_invoice(self, reference: str) -> Sequence[Says]:
        amount = Money(amount=self._chance.choice((0, 1250)), currency="EUR")
        return (
            lambda: IssueInvoice(reference=reference, amount=amount, payer=PAYERS[0], due_days=30),
            lambda: CancelInvoice(reference=reference),
        )

    def _about_goods(self, reference: str) -> Sequence[Says]:
        items = [Item(sku=self._chance.choices(list(PRICES), GOODS_WEIGHTS)[0], quantity=1)]
        return (
            lambda: FetchGoods(reference=reference, items=items),
            lambda: ReleaseGoods(reference=reference),
        )

    def _about_a_parcel(self, reference: str) -> Sequence[Says]:
        recipient = Recipient(name="Sam", address=self._chance.choice(("4 Harbour Row", " ")))
        return (
            lambda: ShipGoods(reference=reference, pick_id="p", recipient=recipient),
            lambda: CancelShipment(reference=reference),
        )

    def _about_goods_in_a_parcel(self, reference: str) -> Sequence[Says]:
        """In this sequence it would be shipped, and released then."""
        (fetch, release), (ship, cancel) = self._about_goods(reference), self._about_a_parcel(reference)
        return fetch, ship, release, cancel
