"""What the order service says to payment, inventory and shipping, and hears from them: its own view of their words."""

from pydantic import BaseModel

from bus.message import Command, Event
from order_service.messages import Item, Money


class Payer(BaseModel):
    id: str
    name: str
    email: str


class Recipient(BaseModel):
    name: str
    address: str


# --- payment


class ToPayment(Command, owner="payment", key="reference"):
    reference: str


class FromPayment(Event, owner="payment", key="reference"):
    reference: str
    attempt: int | None = None


class RetrievePayment(ToPayment):
    attempt: int
    amount: Money
    payer: Payer
    card_token: str


class CancelPayment(ToPayment):
    attempt: int


class RefundPayment(ToPayment):
    attempt: int
    reason: str


class IssueInvoice(ToPayment):
    amount: Money
    payer: Payer
    due_days: int


class CancelInvoice(ToPayment):
    pass


class PaymentReceived(FromPayment):
    pass


class PaymentInClearing(FromPayment):
    pass


class PaymentFailed(FromPayment):
    reason: str = "payment failed"


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
    reference: str


class FromInventory(Event, owner="inventory", key="reference"):
    reference: str


class FetchGoods(ToInventory):
    items: list[Item]


class ReleaseGoods(ToInventory):
    pass


class GoodsFetched(FromInventory):
    pick_id: str


class GoodsUnavailable(FromInventory):
    pass


class GoodsReleased(FromInventory):
    pass


# --- shipping


class ToShipping(Command, owner="shipping", key="reference"):
    reference: str


class FromShipping(Event, owner="shipping", key="reference"):
    reference: str


class ShipGoods(ToShipping):
    pick_id: str
    recipient: Recipient


class CancelShipment(ToShipping):
    pass


class GoodsShipped(FromShipping):
    pass


class ShipmentFailed(FromShipping):
    reason: str = "shipment failed"


class ShipmentCancelled(FromShipping):
    pass


class ShipmentCancellationRefused(FromShipping):
    pass
