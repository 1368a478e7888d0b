"""The order flow's table, row for row as conversations: fetching, shipping, the invoice, and compensation."""

from datetime import timedelta

import pytest

from bus.message import Message
from order_service.messages import OrderCancelled, OrderCompleted, OrderNeedsAttention
from order_service.neighbours import (
    CancelShipment,
    GoodsFetched,
    GoodsReleased,
    GoodsShipped,
    GoodsUnavailable,
    InvoiceDefaulted,
    InvoiceIssued,
    InvoicePaid,
    InvoiceReminded,
    IssueInvoice,
    PaymentInClearing,
    PaymentReceived,
    PaymentRefunded,
    RefundPayment,
    ReleaseGoods,
    ShipGoods,
    ShipmentCancellationRefused,
    ShipmentCancelled,
    ShipmentFailed,
)
from saga.testing import Conversation
from tests.order_service.words import CANCEL, ID, NOW, goods, hear, money, order, parcel, while_

# --- awaiting_goods


def fetching(*, by_invoice: bool = False) -> Conversation:
    undos = () if by_invoice else (money("recorded"),)
    return while_("awaiting_goods", *undos, goods("recorded"), by_invoice=by_invoice)


def test_awaiting_goods_fetched() -> None:
    fetched = fetching().when(hear(GoodsFetched)).then(becomes="awaiting_shipment", sends=[ShipGoods])
    assert fetched.outcome.sends[0].pick_id == "pick-1"  # type: ignore[union-attr]
    assert fetched.instance.undos == (money("recorded"), goods("recorded"), parcel("recorded"))


def test_awaiting_goods_unavailable_refunds_and_releases_nothing() -> None:
    fetching().when(hear(GoodsUnavailable)).then(becomes="compensating", sends=[RefundPayment])


def test_awaiting_goods_unavailable_by_invoice_is_cancelled_at_once() -> None:
    fetching(by_invoice=True).when(hear(GoodsUnavailable)).then(becomes="cancelled", sends=[OrderCancelled])


def test_awaiting_goods_cancel_order() -> None:
    fetching().when(CANCEL).then(becomes="compensating", sends=[RefundPayment, ReleaseGoods])
    fetching(by_invoice=True).when(CANCEL).then(becomes="compensating", sends=[ReleaseGoods])


def test_awaiting_goods_two_days() -> None:
    late = fetching().when_deadline("goods").then(becomes="compensating", sends=[RefundPayment, ReleaseGoods])
    assert late.moment.now - NOW == timedelta(days=2)


def test_the_payment_that_is_refunded_is_the_one_that_was_made() -> None:
    second = while_(
        "awaiting_goods", money("dropped", 1), money("recorded", 2), goods("recorded"), data=order(attempt=2)
    )
    refund = RefundPayment(reference=str(ID), attempt=2, reason="goods unavailable")
    second.when(hear(GoodsUnavailable)).then(becomes="compensating", sends=[refund])


@pytest.mark.parametrize("state", ["awaiting_goods", "awaiting_shipment", "cancelling_shipment"])
@pytest.mark.parametrize("message", [PaymentReceived, PaymentInClearing])
def test_news_of_a_payment_that_is_known_are_ignored(state: str, message: type[Message]) -> None:
    while_(state, money("recorded"), goods("recorded")).when(hear(message)).then_ignored()


# --- awaiting_shipment and cancelling_shipment


def shipping(state: str = "awaiting_shipment", *, by_invoice: bool = False) -> Conversation:
    undos = () if by_invoice else (money("recorded"),)
    sent = parcel("recorded" if state == "awaiting_shipment" else "sent")
    return while_(state, *undos, goods("recorded"), sent, by_invoice=by_invoice)


SHIPPED = [
    ("awaiting_shipment", GoodsShipped),
    ("cancelling_shipment", GoodsShipped),
    ("cancelling_shipment", ShipmentCancellationRefused),
]


@pytest.mark.parametrize(("state", "message"), SHIPPED)
def test_goods_shipped_paid(state: str, message: type[Message]) -> None:
    shipped = shipping(state).when(hear(message)).then(becomes="completed", sends=[OrderCompleted])
    assert not any(entry.is_open for entry in shipped.instance.undos)


@pytest.mark.parametrize(("state", "message"), SHIPPED)
def test_goods_shipped_by_invoice(state: str, message: type[Message]) -> None:
    shipped = shipping(state, by_invoice=True).when(hear(message))
    shipped.then(becomes="awaiting_invoice_payment", sends=[IssueInvoice])
    assert shipped.outcome.sends[0].due_days == 30  # type: ignore[union-attr]
    assert not any(entry.is_open for entry in shipped.instance.undos)


def test_awaiting_shipment_failed() -> None:
    shipping().when(hear(ShipmentFailed)).then(becomes="compensating", sends=[RefundPayment, ReleaseGoods])


def test_awaiting_shipment_cancel_order() -> None:
    off = shipping().when(CANCEL).then(becomes="cancelling_shipment", sends=[CancelShipment])
    assert parcel("sent") in off.instance.undos


def test_awaiting_shipment_three_days() -> None:
    late = shipping().when_deadline("shipment").then(becomes="cancelling_shipment", sends=[CancelShipment])
    assert late.moment.now - NOW == timedelta(days=3)


@pytest.mark.parametrize("message", [ShipmentCancelled, ShipmentFailed])
def test_cancelling_shipment_cancelled_or_failed(message: type[Message]) -> None:
    off = shipping("cancelling_shipment").when(hear(message))
    off.then(becomes="compensating", sends=[RefundPayment, ReleaseGoods])
    off.when(hear(PaymentRefunded)).then().when(hear(GoodsReleased)).then(becomes="cancelled", sends=[OrderCancelled])


def test_cancelling_shipment_one_day() -> None:
    late = shipping("cancelling_shipment").when_deadline("cancellation of the shipment")
    late.then(becomes="needs_attention/cancelling_shipment", sends=[OrderNeedsAttention])
    assert late.moment.now - NOW == timedelta(days=1)


def test_cancelling_shipment_cancel_order_is_ignored() -> None:
    shipping("cancelling_shipment").when(CANCEL).then_ignored()


# --- awaiting_invoice_payment


def invoiced() -> Conversation:
    return while_("awaiting_invoice_payment", goods("dropped"), parcel("dropped"), by_invoice=True)


def test_awaiting_invoice_payment_paid() -> None:
    invoiced().when(hear(InvoicePaid)).then(becomes="completed", sends=[OrderCompleted])


def test_awaiting_invoice_payment_defaulted() -> None:
    task = "needs_attention/awaiting_invoice_payment"
    invoiced().when(hear(InvoiceDefaulted)).then(becomes=task, sends=[OrderNeedsAttention])


def test_awaiting_invoice_payment_120_days() -> None:
    late = invoiced().when_deadline("invoice")
    late.then(becomes="needs_attention/awaiting_invoice_payment", sends=[OrderNeedsAttention])
    assert late.moment.now - NOW == timedelta(days=120)


@pytest.mark.parametrize("message", [InvoiceIssued, InvoiceReminded, GoodsShipped, ShipmentCancellationRefused])
def test_awaiting_invoice_payment_other_news_are_ignored(message: type[Message]) -> None:
    invoiced().when(hear(message)).then_ignored()


def test_awaiting_invoice_payment_cancel_order_is_too_late() -> None:
    invoiced().when(CANCEL).then_refused("too late")


# --- compensating


def compensating(status: str = "sent") -> Conversation:
    return while_("compensating", money(status), goods("sent"))


def test_compensating_ticks_each_undo_once_and_ends_with_the_last() -> None:
    off = compensating().when(hear(PaymentRefunded)).then()
    assert off.instance.undos == (money("confirmed"), goods("sent"))
    off = off.when(hear(PaymentRefunded)).then_ignored()
    off.when(hear(GoodsReleased)).then(becomes="cancelled", sends=[OrderCancelled])


@pytest.mark.parametrize("message", [PaymentReceived, GoodsFetched])
def test_compensating_a_truth_whose_undo_was_sent_is_ignored(message: type[Message]) -> None:
    compensating().when(hear(message)).then_ignored()


@pytest.mark.parametrize(("truth", "undo"), [(PaymentReceived, RefundPayment), (GoodsFetched, ReleaseGoods)])
def test_compensating_a_late_truth_is_answered_with_its_undo(truth: type[Message], undo: type[Message]) -> None:
    rest = (goods("sent"), money("dropped")) if truth is PaymentReceived else (money("sent"), goods("dropped"))
    while_("compensating", *rest).when(hear(truth)).then(sends=[undo]).when(hear(truth)).then_ignored()


@pytest.mark.parametrize("message", [GoodsUnavailable, ShipmentCancelled, ShipmentFailed, PaymentInClearing])
def test_compensating_other_news_are_ignored(message: type[Message]) -> None:
    compensating().when(hear(message)).then_ignored()


def test_compensating_cancel_order_is_ignored() -> None:
    compensating().when(CANCEL).then_ignored()


def test_compensating_one_day() -> None:
    late = compensating("confirmed").when_deadline("compensation")
    late.then(becomes="needs_attention/compensating", sends=[ReleaseGoods, OrderNeedsAttention])
    assert late.moment.now - NOW == timedelta(days=1)
