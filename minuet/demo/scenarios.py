"""The scenario orders: what people do, and where each order should end."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from minuet.demo import people
from minuet.demo.shop import Shop


@dataclass(frozen=True)
class Scenario:
    """One order. `play` places it under the scenario's key and plays the people; then it should end so."""

    key: str
    title: str
    play: Callable[[Shop, str], Awaitable[None]]
    path: tuple[str, ...]  # every state on the way; it should end in the last
    received: int  # minor units
    refunded: int = 0
    shipped: dict[str, int] = field(default_factory=dict)
    charges: int = 0  # at the gateway
    says: tuple[str, ...] = ()  # messages that make this story, of whatever service


DELIVERED = ("awaiting_goods", "awaiting_shipment", "completed")

SCENARIOS = (
    Scenario(
        key="card",
        title="Ada pays by card",
        play=people.pays_by_card,
        path=("awaiting_payment", *DELIVERED),
        received=10900,
        shipped={"TEAPOT": 1, "CUP": 4},
        charges=1,
    ),
    Scenario(
        key="invoice",
        title="Grace, a VIP, pays by invoice, a week late and after a reminder",
        play=people.pays_by_invoice_after_a_reminder,
        path=("awaiting_goods", "awaiting_shipment", "awaiting_invoice_payment", "completed"),
        received=11800,
        shipped={"TEAPOT": 2},
        says=("InvoiceIssued", "InvoiceReminded", "InvoicePaid"),
    ),
    Scenario(
        key="cleared",
        title="Ada's card is declined; on day 3 the call centre gets a new one",
        play=people.gives_a_new_card_on_day_three,
        path=("awaiting_payment", *DELIVERED),
        received=5900,
        shipped={"TEAPOT": 1},
        charges=1,
        says=("PaymentInClearing", "PaymentReceived"),
    ),
    Scenario(
        key="repriced",
        title="Nobody clears Alan's payment; on day 7 the price ends, and he accepts the new one",
        play=people.accepts_the_new_price,
        path=("awaiting_payment", "withdrawing_payment", "awaiting_price_decision", "awaiting_payment", *DELIVERED),
        received=8400,
        shipped={"KETTLE": 1},
        charges=1,
        says=("PriceGuaranteeExpired", "PaymentCancelled"),
    ),
    Scenario(
        key="undecided",
        title="The same again, but Alan does not decide within 3 days",
        play=people.does_not_decide,
        path=("awaiting_payment", "withdrawing_payment", "awaiting_price_decision", "cancelled"),
        received=0,
        says=("PriceGuaranteeExpired", "OrderCancelled"),
    ),
    Scenario(
        key="unavailable",
        title="Alan has paid two samovars, but there is only one: his money goes back",
        play=people.wants_what_is_sold_out,
        path=("awaiting_payment", "awaiting_goods", "compensating", "cancelled"),
        received=52300,
        refunded=52300,
        charges=1,
    ),
    Scenario(
        key="cancelled",
        title="Ada's card has expired, and while that is being cleared she cancels",
        play=people.cancels_in_clearing,
        path=("awaiting_payment", "withdrawing_payment", "cancelled"),
        received=0,
        says=("PaymentInClearing", "CancelPayment", "PaymentCancelled"),
    ),
    Scenario(
        key="undeliverable",
        title="No carrier takes the parcel: goods are released and money is refunded, in parallel",
        play=people.cannot_be_delivered_to,
        path=("awaiting_payment", "awaiting_goods", "awaiting_shipment", "compensating", "cancelled"),
        received=5900,
        refunded=5900,
        charges=1,
        says=("ShipmentFailed", "PaymentRefunded", "GoodsReleased"),
    ),
    Scenario(
        key="held",
        title="Ada cancels while a carrier holds the job; the parcel is gone, so the order is completed",
        play=people.cancels_while_a_carrier_holds_the_job,
        path=("awaiting_payment", "awaiting_goods", "awaiting_shipment", "cancelling_shipment", "completed"),
        received=1250,
        shipped={"CUP": 1},
        charges=1,
        says=("CancelShipment", "GoodsShipped"),
    ),
    Scenario(
        key="away",
        title="The gateway is away three times: Ada's card is charged at the fourth try, once",
        play=people.finds_the_gateway_away,
        path=("awaiting_payment", *DELIVERED),
        received=1250,
        shipped={"CUP": 1},
        charges=1,
    ),
    Scenario(
        key="unknown",
        title="The gateway charges Alan's card, but its answers are lost: it is asked, and he is charged once",
        play=people.gets_charged_without_an_answer,
        path=("awaiting_payment", *DELIVERED),
        received=1250,
        shipped={"CUP": 1},
        charges=1,
    ),
)
