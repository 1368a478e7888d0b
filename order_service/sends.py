"""What the order flow says: each a function of the order, and how what it commands is undone."""

from order_service.messages import (
    Buyer,
    Item,
    OrderCancelled,
    OrderClosed,
    OrderCompleted,
    OrderNeedsAttention,
    OrderPlaced,
    PriceGuaranteeExpired,
)
from order_service.neighbours import (
    CancelInvoice,
    CancelPayment,
    CancelShipment,
    FetchGoods,
    GoodsFetched,
    GoodsReleased,
    GoodsShipped,
    GoodsUnavailable,
    IssueInvoice,
    Payer,
    PaymentCancelled,
    PaymentFailed,
    PaymentReceived,
    PaymentRefunded,
    Recipient,
    RefundPayment,
    ReleaseGoods,
    RetrievePayment,
    ShipGoods,
    ShipmentCancelled,
    ShipmentFailed,
)
from order_service.order import Order
from order_service.rules import INVOICE_DUE_DAYS
from saga.undo import Undo

# --- events


def order_placed(order: Order) -> OrderPlaced:
    customer = Buyer.model_validate(order.customer, from_attributes=True)
    return OrderPlaced(
        order_id=order.order_id, customer=customer, items=order.items, total=order.total, placed_at=order.placed_at
    )


def price_guarantee_expired(order: Order) -> PriceGuaranteeExpired:
    return PriceGuaranteeExpired(order_id=order.order_id, customer_id=order.customer.id)


def order_completed(order: Order) -> OrderCompleted:
    return OrderCompleted(order_id=order.order_id, customer_id=order.customer.id, total=order.total)


def order_cancelled(order: Order) -> OrderCancelled:
    return OrderCancelled(order_id=order.order_id, customer_id=order.customer.id, reason=order.reason)


def order_closed(order: Order) -> OrderClosed:
    return OrderClosed(order_id=order.order_id, customer_id=order.customer.id, reason=order.reason)


def order_needs_attention(order: Order) -> OrderNeedsAttention:
    return OrderNeedsAttention(order_id=order.order_id, customer_id=order.customer.id, reason=order.reason)


# --- commands


def retrieve_payment(order: Order) -> RetrievePayment:
    assert order.card_token is not None, "who pays by invoice is not charged"
    return RetrievePayment(
        reference=order.reference,
        attempt=order.attempt,
        amount=order.total,
        payer=payer(order),
        card_token=order.card_token,
    )


def cancel_payment(order: Order) -> CancelPayment:
    return CancelPayment(reference=order.reference, attempt=order.attempt)


def fetch_goods(order: Order) -> FetchGoods:
    items = [Item(sku=item.sku, quantity=item.quantity) for item in order.items]
    return FetchGoods(reference=order.reference, items=items)


def ship_goods(order: Order) -> ShipGoods:
    recipient = Recipient(name=order.customer.name, address=order.customer.address)
    return ShipGoods(reference=order.reference, pick_id=order.pick_id, recipient=recipient)


def cancel_shipment(order: Order) -> CancelShipment:
    return CancelShipment(reference=order.reference)


def issue_invoice(order: Order) -> IssueInvoice:
    return IssueInvoice(reference=order.reference, amount=order.total, payer=payer(order), due_days=INVOICE_DUE_DAYS)


def cancel_invoice(order: Order) -> CancelInvoice:
    return CancelInvoice(reference=order.reference)


def payer(order: Order) -> Payer:
    return Payer(id=order.customer.id, name=order.customer.name, email=order.customer.email)


# --- how it is undone

refund_payment = Undo(
    RefundPayment,
    lambda order, attempt: RefundPayment(reference=order.reference, attempt=attempt, reason=order.reason),
    of=RetrievePayment,
    truth=PaymentReceived,
    refused_by=(PaymentFailed, PaymentCancelled),
    confirmed_by=(PaymentRefunded,),
    numbered_by="attempt",
)
release_goods = Undo(
    ReleaseGoods,
    lambda order, _: ReleaseGoods(reference=order.reference),
    of=FetchGoods,
    truth=GoodsFetched,
    refused_by=(GoodsUnavailable,),
    confirmed_by=(GoodsReleased,),
)
recall_shipment = Undo(
    CancelShipment,
    lambda order, _: cancel_shipment(order),
    of=ShipGoods,
    truth=GoodsShipped,
    refused_by=(ShipmentFailed,),
    confirmed_by=(ShipmentCancelled, ShipmentFailed),
)
