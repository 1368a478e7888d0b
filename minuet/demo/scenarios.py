"""The scenario orders: what the customer does, and where each order should end."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from minuet.demo.shop import Shop

CARD = {"method": "card", "token": "tok_ok"}
INVOICE = {"method": "invoice"}


@dataclass(frozen=True)
class Scenario:
    """One order. `play` places it under the scenario's key and plays the customer; then it should end so."""

    key: str
    title: str
    play: Callable[[Shop, str], Awaitable[None]]
    ends: str
    path: tuple[str, ...]  # every state on the way
    received: int  # minor units
    refunded: int = 0
    shipped: dict[str, int] = field(default_factory=dict)


async def pays_by_card(shop: Shop, key: str) -> None:
    await shop.place(key, "c-1", {"TEAPOT": 1, "CUP": 4}, CARD)


async def pays_by_invoice(shop: Shop, key: str) -> None:
    order_id = await shop.place(key, "c-vip", {"TEAPOT": 2}, INVOICE)
    await shop.until_state(order_id, "awaiting_invoice_payment")
    await shop.days_later(5)
    await shop.post(f"/invoices/{order_id}/payments", {"amount": {"amount": 11800, "currency": "EUR"}}, key)


async def wants_what_is_sold_out(shop: Shop, key: str) -> None:
    await shop.place(key, "c-2", {"CUP": 2, "SAMOVAR": 2}, CARD)


SCENARIOS = (
    Scenario(
        key="card",
        title="Ada pays by card",
        play=pays_by_card,
        ends="completed",
        path=("awaiting_payment", "awaiting_goods", "awaiting_shipment", "completed"),
        received=10900,
        shipped={"TEAPOT": 1, "CUP": 4},
    ),
    Scenario(
        key="invoice",
        title="Grace, a VIP, pays by invoice five days after the goods were shipped",
        play=pays_by_invoice,
        ends="completed",
        path=("awaiting_goods", "awaiting_shipment", "awaiting_invoice_payment", "completed"),
        received=11800,
        shipped={"TEAPOT": 2},
    ),
    Scenario(
        key="unavailable",
        title="Alan has paid two samovars, but there is only one: his money goes back",
        play=wants_what_is_sold_out,
        ends="cancelled",
        path=("awaiting_payment", "awaiting_goods", "compensating", "cancelled"),
        received=52300,
        refunded=52300,
    ),
)
