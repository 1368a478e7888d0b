"""The order flow's table, row for row as conversations: a person's tasks, the ends, late truths, contradictions."""

import pytest

from bus.message import Message
from order_service.flow import order_flow
from order_service.messages import (
    CancelOrder,
    CloseOrder,
    DecidePrice,
    OrderCancelled,
    OrderClosed,
    OrderCompleted,
    OrderNeedsAttention,
    PlaceOrder,
    RetryOrder,
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
    InvoiceCancelled,
    InvoiceDefaulted,
    InvoiceIssued,
    InvoicePaid,
    InvoiceReminded,
    IssueInvoice,
    PaymentCancelled,
    PaymentFailed,
    PaymentInClearing,
    PaymentReceived,
    PaymentRefunded,
    RefundPayment,
    ReleaseGoods,
    ShipmentCancellationRefused,
    ShipmentCancelled,
    ShipmentFailed,
)
from saga.testing import Conversation
from saga.undo import UndoEntry
from tests.order_service.words import CANCEL, CLOSE, ID, RETRY, decide, goods, hear, money, order, parcel, place, while_

PAYMENT = (PaymentReceived, PaymentInClearing, PaymentFailed, PaymentCancelled, PaymentRefunded)
INVOICE = (InvoiceIssued, InvoiceReminded, InvoicePaid, InvoiceDefaulted, InvoiceCancelled)
KNOWN_PAYMENT = (PaymentReceived, PaymentInClearing)
GONE = (GoodsShipped, ShipmentCancellationRefused)
ENDED: set[type[Message]] = {*PAYMENT, GoodsFetched, GoodsReleased, GoodsUnavailable, ShipmentCancelled, ShipmentFailed}

# What the table decides about the neighbours' messages; every other pair is a contradiction.
DECIDED: dict[str, set[type[Message]]] = {
    "awaiting_payment": {PaymentInClearing, PaymentReceived, PaymentFailed},
    "withdrawing_payment/customer": {PaymentReceived, PaymentCancelled, PaymentFailed, PaymentInClearing},
    "withdrawing_payment/price": {PaymentReceived, PaymentCancelled, PaymentFailed, PaymentInClearing},
    "awaiting_price_decision": {PaymentCancelled, PaymentFailed, PaymentInClearing},
    "awaiting_goods": {GoodsFetched, GoodsUnavailable, *KNOWN_PAYMENT},
    "awaiting_shipment": {GoodsShipped, ShipmentFailed, *KNOWN_PAYMENT},
    "cancelling_shipment": {ShipmentCancelled, ShipmentFailed, *GONE, *KNOWN_PAYMENT},
    "awaiting_invoice_payment": {InvoicePaid, InvoiceDefaulted, InvoiceIssued, InvoiceReminded, *GONE},
    "compensating": {*ENDED} - {PaymentFailed, PaymentCancelled},
    "cancelled": ENDED,
    "closed": {*ENDED, *GONE, *INVOICE},
    "completed": {*KNOWN_PAYMENT, *GONE, *INVOICE},
}
ORIGINS = [
    "withdrawing_payment/customer",
    "withdrawing_payment/price",
    "cancelling_shipment",
    "awaiting_invoice_payment",
    "compensating",
]
OWN = {PlaceOrder, CancelOrder, DecidePrice, RetryOrder, CloseOrder}
NEIGHBOURS = [message for message in order_flow.messages if message not in OWN]
WAITING_FOR_MONEY = ("awaiting_payment", "withdrawing_payment/customer", "withdrawing_payment/price")
STATES = [*DECIDED, *(f"needs_attention/{origin}" for origin in ORIGINS)]


def test_the_table_of_these_tests_names_every_state_and_message() -> None:
    assert {state.label for state in order_flow.states} == {"start", *STATES}
    assert set(NEIGHBOURS) == {*PAYMENT, *INVOICE, *GONE, *ENDED}


@pytest.mark.parametrize("message", NEIGHBOURS)
@pytest.mark.parametrize("state", STATES)
def test_every_pair_that_the_table_does_not_decide_is_a_contradiction(state: str, message: type[Message]) -> None:
    said = while_(state, money("sent"), goods("sent"), by_invoice="invoice" in state).when(hear(message))
    if message in DECIDED[state.removeprefix("needs_attention/")]:
        assert not isinstance(said.outcome, Exception), said.outcome
    else:
        said.then_contradicts()


# --- needs_attention


def attending(origin: str, *undos: UndoEntry) -> Conversation:
    return while_(f"needs_attention/{origin}", *undos, by_invoice="invoice" in origin)


@pytest.mark.parametrize("origin", ORIGINS)
def test_needs_attention_three_days_reminds(origin: str) -> None:
    """Again and again: the task stays, and its deadline begins anew."""
    reminded = attending(origin, goods("sent"))
    for _ in range(2):
        reminded = reminded.when_deadline("reminder")
        reminded = reminded.then(becomes=f"needs_attention/{origin}", sends=[OrderNeedsAttention])


def test_needs_attention_a_row_that_leads_on_ends_the_human_task() -> None:
    attending("withdrawing_payment/customer", money("recorded")).when(hear(PaymentCancelled)).then(
        becomes="cancelled", sends=[OrderCancelled]
    )
    attending("withdrawing_payment/price", money("recorded")).when(hear(PaymentFailed)).then(
        becomes="awaiting_price_decision"
    )
    attending("withdrawing_payment/price", money("recorded")).when(hear(PaymentReceived)).then(
        becomes="awaiting_goods", sends=[FetchGoods]
    )
    attending("cancelling_shipment", money("recorded"), parcel("sent")).when(hear(ShipmentCancelled)).then(
        becomes="compensating", sends=[RefundPayment]
    )
    attending("cancelling_shipment", money("recorded"), parcel("sent")).when(hear(GoodsShipped)).then(
        becomes="completed", sends=[OrderCompleted]
    )
    attending("awaiting_invoice_payment").when(hear(InvoicePaid)).then(becomes="completed", sends=[OrderCompleted])
    attending("compensating", goods("sent")).when(hear(GoodsReleased)).then(becomes="cancelled", sends=[OrderCancelled])


def test_needs_attention_what_is_ignored_there_is_ignored_here() -> None:
    attending("withdrawing_payment/customer").when(CANCEL).then_ignored()
    attending("cancelling_shipment").when(hear(PaymentInClearing)).then_ignored()
    attending("awaiting_invoice_payment").when(hear(InvoiceReminded)).then_ignored()
    attending("compensating", money("sent")).when(hear(PaymentReceived)).then_ignored()


def test_needs_attention_late_truth_is_answered_as_in_compensating() -> None:
    attending("compensating", goods("sent")).when(hear(PaymentReceived)).then(sends=[RefundPayment])


def test_needs_attention_cancel_order_while_withdrawn_for_the_price_stays_a_task() -> None:
    off = attending("withdrawing_payment/price", money("recorded")).when(CANCEL)
    off.then(becomes="needs_attention/withdrawing_payment/customer")
    off.when(hear(PaymentCancelled)).then(becomes="cancelled", sends=[OrderCancelled])


def test_needs_attention_invoice_defaulted_is_ignored() -> None:
    attending("awaiting_invoice_payment").when(hear(InvoiceDefaulted)).then_ignored()


@pytest.mark.parametrize(
    ("origin", "sends"),
    [
        ("withdrawing_payment/customer", [CancelPayment]),
        ("withdrawing_payment/price", [CancelPayment]),
        ("cancelling_shipment", [CancelShipment]),
        ("awaiting_invoice_payment", [IssueInvoice]),
        ("compensating", [RefundPayment]),
    ],
)
def test_needs_attention_retry_leads_back_with_a_deadline_anew(origin: str, sends: list[type[Message]]) -> None:
    undos = (money("sent"), goods("confirmed")) if origin == "compensating" else ()
    task = attending(origin, *undos)
    retried = task.when(RETRY).then(becomes=origin, sends=sends)
    assert retried.instance.generation == task.instance.generation + 1
    assert order_flow.deadlines(origin)


def test_needs_attention_close_while_the_parcel_may_be_away_is_refused() -> None:
    attending("cancelling_shipment").when(CLOSE).then_refused("cannot be closed")


def test_needs_attention_close_of_an_unpaid_invoice() -> None:
    attending("awaiting_invoice_payment").when(CLOSE).then(becomes="closed", sends=[CancelInvoice, OrderClosed])


@pytest.mark.parametrize("origin", ["withdrawing_payment/customer", "withdrawing_payment/price", "compensating"])
def test_needs_attention_close_otherwise(origin: str) -> None:
    closed = attending(origin, money("recorded")).when(CLOSE).then(becomes="closed", sends=[OrderClosed])
    assert closed.instance.data.reason == "closed: settled by phone"


# --- the ends


@pytest.mark.parametrize("state", ["cancelled", "closed"])
@pytest.mark.parametrize(("truth", "undo"), [(PaymentReceived, RefundPayment), (GoodsFetched, ReleaseGoods)])
def test_cancelled_and_closed_answer_a_late_truth_once(state: str, truth: type[Message], undo: type[Message]) -> None:
    confirmed = PaymentRefunded if truth is PaymentReceived else GoodsReleased
    late = while_(state, money("dropped"), goods("dropped")).when(hear(truth)).then(sends=[undo])
    late = late.when(hear(truth)).then_ignored().when(hear(confirmed)).then()
    assert not any(entry.is_open for entry in late.instance.undos)
    late.when(hear(confirmed)).then_ignored().when(hear(truth)).then_ignored()


@pytest.mark.parametrize("state", ["cancelled", "closed"])
@pytest.mark.parametrize("message", [PaymentRefunded, GoodsReleased])
def test_cancelled_and_closed_ignore_a_confirmation_without_open_undo(state: str, message: type[Message]) -> None:
    while_(state, money("dropped"), goods("dropped")).when(hear(message)).then_ignored()


@pytest.mark.parametrize(
    "message",
    [PaymentInClearing, PaymentFailed, PaymentCancelled, GoodsUnavailable, ShipmentCancelled, ShipmentFailed],
)
@pytest.mark.parametrize("state", ["cancelled", "closed"])
def test_cancelled_and_closed_ignore_every_no(state: str, message: type[Message]) -> None:
    while_(state, money("dropped"), goods("dropped")).when(hear(message)).then_ignored()


@pytest.mark.parametrize("message", [*GONE, *INVOICE])
def test_closed_ignores_what_became_of_parcel_and_invoice(message: type[Message]) -> None:
    while_("closed").when(hear(message)).then_ignored()


@pytest.mark.parametrize("message", [*KNOWN_PAYMENT, *GONE, *INVOICE])
def test_completed_ignores_old_news(message: type[Message]) -> None:
    while_("completed", money("dropped")).when(hear(message)).then_ignored()


@pytest.mark.parametrize("state", ["completed", "cancelled", "closed"])
def test_at_an_end_it_is_too_late_to_cancel(state: str) -> None:
    while_(state).when(CANCEL).then_refused("too late")


# --- any state


@pytest.mark.parametrize("state", [state for state in STATES if state != "awaiting_price_decision"])
def test_every_other_state_has_no_price_to_decide(state: str) -> None:
    while_(state).when(decide(True)).then_refused("no price to decide")


@pytest.mark.parametrize("state", STATES)
def test_after_start_place_order_is_ignored(state: str) -> None:
    while_(state).when(place()).then_ignored()


@pytest.mark.parametrize("state", [state for state in STATES if not state.startswith("needs_attention")])
@pytest.mark.parametrize("message", [RETRY, CLOSE])
def test_what_needs_no_attention_gets_none(state: str, message: Message) -> None:
    while_(state).when(message).then_refused("does not need attention")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("message", [message for message in PAYMENT if message is not PaymentReceived])
def test_an_older_attempt_is_ignored(state: str, message: type[Message]) -> None:
    second = while_(state, money("dropped", 1), money("sent", 2), goods("sent"), data=order(attempt=2))
    second.when(hear(message, attempt=1)).then_ignored()


@pytest.mark.parametrize("state", [state for state in STATES if state.endswith(WAITING_FOR_MONEY)])
@pytest.mark.parametrize("message", [PaymentReceived, PaymentFailed, PaymentCancelled])
def test_an_attempt_that_nobody_has_asked_for_is_a_contradiction(state: str, message: type[Message]) -> None:
    """Else goods would leave for money that nobody gives back."""
    while_(state, money("sent"), goods("sent")).when(hear(message, attempt=2)).then_contradicts()


@pytest.mark.parametrize("state", ["compensating", "cancelled", "closed", "needs_attention/compensating"])
def test_money_of_an_attempt_that_nobody_has_asked_for_is_given_back(state: str) -> None:
    """Where nothing else is to come of it."""
    refund = RefundPayment(reference=str(ID), attempt=2, reason="")
    while_(state, money("sent"), goods("sent")).when(hear(PaymentReceived, attempt=2)).then(sends=[refund])


@pytest.mark.parametrize("state", STATES)
def test_money_of_an_older_attempt_is_given_back_once(state: str) -> None:
    second = while_(state, money("dropped", 1), money("sent", 2), goods("sent"), data=order(attempt=2))
    refund = RefundPayment(reference=str(ID), attempt=1, reason="")
    paid = second.when(hear(PaymentReceived, attempt=1)).then(sends=[refund])
    paid = paid.when(hear(PaymentReceived, attempt=1)).then_ignored().when(hear(PaymentRefunded, attempt=1))
    assert money("confirmed", 1) in paid.instance.undos
