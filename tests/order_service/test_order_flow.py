"""The order flow's table, row for row as conversations: from the order to its price being paid or given up."""

from datetime import timedelta

import pytest

from bus.message import Message
from order_service.flow import order_flow, withdrawing_for_customer, withdrawing_for_price
from order_service.messages import CancelOrder, Money, OrderCancelled, OrderNeedsAttention, OrderPlaced
from order_service.messages import PriceGuaranteeExpired as GuaranteeExpired
from order_service.neighbours import (
    CancelPayment,
    FetchGoods,
    GoodsFetched,
    PaymentCancelled,
    PaymentFailed,
    PaymentInClearing,
    PaymentReceived,
    RefundPayment,
    RetrievePayment,
)
from saga.testing import Conversation, given
from tests.order_service.words import (
    CANCEL,
    EUR_10,
    ID,
    NOW,
    Shop,
    begun,
    customer,
    decide,
    goods,
    hear,
    money,
    order,
    place,
    quote,
    while_,
)

REFERENCE = str(ID)


def reason(said: Conversation) -> str:
    text: str = said.instance.data.reason
    return text


# --- start


def test_start_place_order_of_a_customer_who_pays_by_invoice() -> None:
    shop = Shop(customer("vip"), tea=EUR_10)
    vip = given(order_flow, "start", facts=shop).when(place(by_invoice=True))
    vip.then(becomes="awaiting_goods", sends=[OrderPlaced, FetchGoods])
    assert vip.instance.undos == (goods("recorded"),)


@pytest.mark.parametrize("tier", ["standard", "vip"])
def test_start_place_order_otherwise(tier: str) -> None:
    shop = Shop(customer("vip" if tier == "vip" else "standard"), tea=EUR_10)
    placed = given(order_flow, "start", facts=shop).when(place())
    placed.then(becomes="awaiting_payment", sends=[OrderPlaced, RetrievePayment])
    assert placed.instance.undos == (money("recorded", 1),)
    retrieve = placed.outcome.sends[1]  # type: ignore[union-attr]
    assert (retrieve.attempt, retrieve.amount) == (1, Money(amount=2000, currency="EUR"))  # type: ignore[union-attr]


@pytest.mark.parametrize("message", [CancelOrder, GoodsFetched, PaymentReceived, PaymentCancelled])
def test_start_anything_else_is_deferred(message: type[Message]) -> None:
    begun().when(CANCEL if message is CancelOrder else hear(message)).then_deferred()


# --- awaiting_payment


def paying(attempt: int = 1) -> Conversation:
    return while_("awaiting_payment", money("recorded", attempt), data=order(attempt=attempt))


def test_awaiting_payment_in_clearing_stays_and_is_shown() -> None:
    clearing = paying().when(hear(PaymentInClearing)).then()
    assert clearing.instance.data.in_clearing


def test_awaiting_payment_received() -> None:
    paid = paying().when(hear(PaymentReceived)).then(becomes="awaiting_goods", sends=[FetchGoods])
    assert paid.instance.undos == (money("recorded"), goods("recorded"))


def test_awaiting_payment_failed() -> None:
    failed = paying().when(hear(PaymentFailed)).then(becomes="cancelled", sends=[OrderCancelled])
    assert reason(failed).startswith("payment failed")
    assert failed.instance.undos == (money("dropped"),)


@pytest.mark.parametrize("attempt", [1, 2])
def test_awaiting_payment_cancel_order(attempt: int) -> None:
    command = CancelPayment(reference=REFERENCE, attempt=attempt)
    off = paying(attempt).when(CANCEL).then(becomes=withdrawing_for_customer, sends=[command])
    assert reason(off) == "cancelled by the customer"


@pytest.mark.parametrize("attempt", [1, 2])
def test_awaiting_payment_seven_days_after_the_price_was_fixed(attempt: int) -> None:
    command = CancelPayment(reference=REFERENCE, attempt=attempt)
    late = paying(attempt).when_deadline("price guarantee")
    late.then(becomes=withdrawing_for_price, sends=[GuaranteeExpired, command])
    assert late.moment.now - NOW == timedelta(days=7)


# --- withdrawing_payment


def withdrawing(why: str) -> Conversation:
    return while_(f"withdrawing_payment/{why}", money("recorded"))


def test_withdrawing_for_price_payment_received_honours_the_old_price() -> None:
    paid = withdrawing("price").when(hear(PaymentReceived)).then(becomes="awaiting_goods", sends=[FetchGoods])
    assert paid.instance.undos == (money("recorded"), goods("recorded"))
    assert paid.instance.data.total == order().total
    assert reason(paid) == ""


def test_withdrawing_for_customer_payment_received() -> None:
    refund = RefundPayment(reference=REFERENCE, attempt=1, reason="")
    withdrawing("customer").when(hear(PaymentReceived)).then(becomes="compensating", sends=[refund])


@pytest.mark.parametrize("answer", [PaymentCancelled, PaymentFailed])
def test_withdrawing_for_customer_payment_cancelled_or_failed(answer: type[Message]) -> None:
    off = withdrawing("customer").when(hear(answer)).then(becomes="cancelled", sends=[OrderCancelled])
    assert off.instance.undos == (money("dropped"),)


@pytest.mark.parametrize("answer", [PaymentCancelled, PaymentFailed])
def test_withdrawing_for_price_payment_cancelled_or_failed_prices_anew(answer: type[Message]) -> None:
    priced = withdrawing("price").when(hear(answer)).then(becomes="awaiting_price_decision")
    assert priced.instance.data.quote == quote(2)
    assert priced.instance.data.attempt == 1


def test_withdrawing_for_price_cancel_order_stays_now_for_the_customer() -> None:
    off = withdrawing("price").when(CANCEL).then(becomes=withdrawing_for_customer)
    assert off.instance.generation == 0, "the deadline goes on"
    off.when(hear(PaymentCancelled)).then(becomes="cancelled", sends=[OrderCancelled])


def test_withdrawing_for_customer_cancel_order_is_ignored() -> None:
    withdrawing("customer").when(CANCEL).then_ignored()


@pytest.mark.parametrize("why", ["customer", "price"])
def test_withdrawing_payment_in_clearing_is_ignored(why: str) -> None:
    withdrawing(why).when(hear(PaymentInClearing)).then_ignored()


@pytest.mark.parametrize("why", ["customer", "price"])
def test_withdrawing_one_day(why: str) -> None:
    late = withdrawing(why).when_deadline("withdrawal of the payment")
    late.then(becomes=f"needs_attention/withdrawing_payment/{why}", sends=[OrderNeedsAttention])
    assert late.moment.now - NOW == timedelta(days=1)


# --- awaiting_price_decision


def deciding(attempt: int = 1) -> Conversation:
    data = order(attempt=attempt, quote=quote(attempt + 1))
    return while_("awaiting_price_decision", money("dropped", attempt), data=data)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("attempt", [1, 2])
def test_awaiting_price_decision_accept_this_quote(attempt: int, named: bool) -> None:
    accepted = deciding(attempt).when(decide(True, attempt + 1 if named else None))
    accepted.then(becomes="awaiting_payment", sends=[RetrievePayment])
    retrieve = accepted.outcome.sends[0]  # type: ignore[union-attr]
    assert (retrieve.attempt, retrieve.amount) == (attempt + 1, quote(2).total)  # type: ignore[union-attr]
    assert accepted.instance.undos == (money("dropped", attempt), money("recorded", attempt + 1))
    assert accepted.instance.data.items == quote(2).items
    assert accepted.instance.generation == 1, "seven new days"
    accepted.when_deadline("price guarantee").then(
        becomes=withdrawing_for_price,
        sends=[GuaranteeExpired, CancelPayment(reference=REFERENCE, attempt=attempt + 1)],
    )


def test_awaiting_price_decision_accept_with_another_card() -> None:
    accepted = deciding().when(decide(True, 2, token="tok_other"))
    assert accepted.outcome.sends[0].card_token == "tok_other"  # type: ignore[union-attr]


@pytest.mark.parametrize("number", [2, None])
def test_awaiting_price_decision_decline_this_quote(number: int | None) -> None:
    declined = deciding().when(decide(False, number)).then(becomes="cancelled", sends=[OrderCancelled])
    assert reason(declined) == "the new price was declined"


def test_awaiting_price_decision_cancel_order() -> None:
    assert reason(deciding().when(CANCEL).then(becomes="cancelled", sends=[OrderCancelled])) == (
        "cancelled by the customer"
    )


def test_awaiting_price_decision_three_days() -> None:
    late = deciding().when_deadline("price decision").then(becomes="cancelled", sends=[OrderCancelled])
    assert late.moment.now - NOW == timedelta(days=3)


@pytest.mark.parametrize("accept", [True, False])
@pytest.mark.parametrize("number", [1, 3])
def test_awaiting_price_decision_of_another_quote_is_ignored(number: int, accept: bool) -> None:
    deciding().when(decide(accept, number)).then_refused("not the order's current quote")


@pytest.mark.parametrize("answer", [PaymentCancelled, PaymentFailed, PaymentInClearing])
def test_awaiting_price_decision_old_answers_are_ignored(answer: type[Message]) -> None:
    deciding().when(hear(answer)).then_ignored()
