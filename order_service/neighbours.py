"""What the order service says to payment, inventory and shipping, and hears from them: its own view of their words."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from bus.message import Command, Event
from order_service.messages import Item, Money, Text

Attempt = Annotated[int, Field(ge=1, le=1_000_000)]
Reason = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")]
Heard = Annotated[str, AfterValidator(lambda reason: reason.replace("\x00", "")[:500])]  # it becomes part of a Reason


class Payer(BaseModel):
    id: Text
    name: Text
    email: Text


class Recipient(BaseModel):
    name: Text
    address: Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]


# --- payment


class ToPayment(Command, owner="payment", key="reference"):
    reference: Text


class FromPayment(Event, owner="payment", key="reference"):
    reference: str
    attempt: Attempt | None = None


class RetrievePayment(ToPayment):
    attempt: Attempt
    amount: Money
    payer: Payer
    card_token: Text


class CancelPayment(ToPayment):
    attempt: Attempt


class RefundPayment(ToPayment):
    attempt: Attempt
    reason: Reason


class IssueInvoice(ToPayment):
    amount: Money
    payer: Payer
    due_days: Annotated[int, Field(ge=0, le=3650)]


class CancelInvoice(ToPayment):
    pass


class PaymentReceived(FromPayment):
    pass


class PaymentInClearing(FromPayment):
    pass


class PaymentFailed(FromPayment):
    reason: Heard = "payment failed"


class PaymentCancelled(FromPayment):
    pass


class PaymentRefunded(FromPayment):
    pass


class InvoiceEvent(Event, owner="payment", key="reference"):
    reference: str


class InvoiceIssued(InvoiceEvent):
    pass


class InvoiceReminded(InvoiceEvent):
    pass


class InvoicePaid(InvoiceEvent):
    pass


class InvoiceDefaulted(InvoiceEvent):
    pass


class InvoiceCancelled(InvoiceEvent):
    pass


# --- inventory


class ToInventory(Command, owner="inventory", key="reference"):
    reference: Text


class FromInventory(Event, owner="inventory", key="reference"):
    reference: str


class FetchGoods(ToInventory):
    items: Annotated[list[Item], Field(min_length=1, max_length=100)]


class ReleaseGoods(ToInventory):
    pass


class GoodsFetched(FromInventory):
    pick_id: Text


class GoodsUnavailable(FromInventory):
    pass


class GoodsReleased(FromInventory):
    pass


# --- shipping


class ToShipping(Command, owner="shipping", key="reference"):
    reference: Text


class FromShipping(Event, owner="shipping", key="reference"):
    reference: str


class ShipGoods(ToShipping):
    pick_id: Text
    recipient: Recipient


class CancelShipment(ToShipping):
    pass


class GoodsShipped(FromShipping):
    pass


class ShipmentFailed(FromShipping):
    reason: Heard = "shipment failed"


class ShipmentCancelled(FromShipping):
    pass


class ShipmentCancellationRefused(FromShipping):
    pass


COMMANDS: tuple[type[Command], ...] = (
    RetrievePayment,
    CancelPayment,
    RefundPayment,
    IssueInvoice,
    CancelInvoice,
    FetchGoods,
    ReleaseGoods,
    ShipGoods,
    CancelShipment,
)
