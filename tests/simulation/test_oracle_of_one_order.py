"""What services know of one order, and what they say of it: each disagreement is found, and what agrees is let pass."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from minuet.simulation.oracle.agreeing import Catalogue, s1_total, s2_ordered, s3_pick_of_its_own, s3_same_parcel
from minuet.simulation.oracle.alarms import Alarms
from minuet.simulation.oracle.announced import s6_announced
from minuet.simulation.oracle.audit import Audit
from minuet.simulation.oracle.books import Books, time_of
from minuet.simulation.oracle.clearing import Clearing
from minuet.simulation.oracle.delivery import Deliveries
from minuet.simulation.oracle.goods import s2_counted
from minuet.simulation.oracle.heard import Heard
from minuet.simulation.oracle.heeded import q4_called_off, s5_called_off
from minuet.simulation.oracle.money import s1_credit_first, s1_invoice
from minuet.simulation.oracle.told import s1_told
from tests.simulation import rows
from tests.simulation.rows import ORDER, write

PAYMENT = f"{ORDER}/1"
CUSTOMER = {"name": "Ann", "address": "1 Quay"}

Ask = Callable[[Books], Iterator[str]]


@pytest.fixture
def books() -> Books:
    return rows.empty_books()


def item(quantity: int = 2, price: int = 50) -> dict[str, Any]:
    return {"sku": "CUP", "quantity": quantity, "price": {"amount": price, "currency": "EUR"}}


def placed(books: Books, *items: dict[str, Any], total: int = 100, **more: Any) -> None:
    data: dict[str, Any] = {
        "items": items or [item()],
        "total": {"amount": total, "currency": "EUR"},
        "customer": CUSTOMER,
    }
    data |= {"attempt": 1, "quote": None, **more}
    key = {
        "instance_id": ORDER,
        "subject": ORDER,
        "flow": "order",
        "revision": 1,
        "steps": 1,
        "state": "awaiting_goods",
    }
    write(books, "order", "saga_instances", **key, data=data, undos=[])


def paying(books: Books, state: str = "charging", **more: Any) -> None:
    data = {"amount": {"amount": 100, "currency": "EUR"}, "card": 1, "card_token": "tok_ok", "payer": {"id": "c-1"}}
    data |= {"credit_used": 0, "tries": 0, **more}
    key = {"instance_id": PAYMENT, "subject": ORDER, "flow": "payment", "revision": 1, "steps": 1}
    write(books, "payment", "saga_instances", **key, state=state, data=data, undos=[])


def went(books: Books, *moves: tuple[str, str, str, Sequence[str]], **about: str) -> None:
    """The payment's history: from, because, to, sent."""
    for step, (before, because, after, sent) in enumerate(moves, 1):
        key = {"instance_id": PAYMENT, "flow": "payment", "step": step, "message_id": f"m{step}", "at": rows.AT}
        move = {"from_state": before, "to_state": after, "because": because, "sent": list(sent), **about}
        write(books, "payment", "saga_history", **key, **move)


def case(books: Books, **columns: Any) -> None:
    row = {"case_id": "c", "reference": ORDER, "attempt": 1, "agent": None, "escalated_at": None, "outcome": None}
    write(books, "payment", "clearing_cases", **{**row, **columns})


DECLINED = ("charging", "CardDeclined", "in_clearing", ["PaymentInClearing"])


def test_the_total_is_what_the_items_cost(books: Books) -> None:
    """S1, of the order and of a new price."""
    placed(books)
    assert list(s1_total(books, "order", ORDER)) == []
    rows.change(books, "order", "DELETE FROM saga_instances")
    placed(books, total=50)
    assert "total" in next(s1_total(books, "order", ORDER))
    rows.change(books, "order", "DELETE FROM saga_instances")
    placed(books, quote={"items": [item()], "total": {"amount": 99, "currency": "EUR"}})
    assert "total" in next(s1_total(books, "order", ORDER))


def test_prices_are_the_catalogues_when_they_are_fixed_and_then_no_others(books: Books) -> None:
    """S1: also of a price that is changed afterwards, as a catalogue's may be."""
    catalogue = Catalogue(books)
    write(books, "order", "catalogue", sku="CUP", name="CUP", amount=50, currency="EUR")
    catalogue.read()
    placed(books)
    assert list(catalogue.s1_price(ORDER)) == []
    catalogue.seen()
    rows.change(books, "order", "UPDATE catalogue SET amount = 70")
    catalogue.read()
    assert list(catalogue.s1_price(ORDER)) == []
    rows.change(books, "order", "DELETE FROM saga_instances")
    placed(books, item(price=70), total=140)
    assert "price 1 was of" in next(catalogue.s1_price(ORDER))
    catalogue.seen()
    rows.change(books, "order", "DELETE FROM saga_instances")
    placed(books, quote={"items": [item(price=50)], "total": {"amount": 100, "currency": "EUR"}})
    assert "not a price of then" in next(catalogue.s1_price(ORDER))


def test_what_is_held_is_what_was_ordered(books: Books) -> None:
    """S2: all lines of it; what is not held may be nothing."""
    placed(books, item(1), item(1))
    rows.reservation(books, "fetched", quantity=1)
    assert "is held" in next(s2_ordered(books, ORDER))
    rows.change(books, "inventory", """UPDATE reservations SET goods = '{"CUP": 2}'""")
    assert list(s2_ordered(books, ORDER)) == []
    rows.change(books, "inventory", "UPDATE reservations SET goods = '{}', state = 'unavailable'")
    assert list(s2_ordered(books, ORDER)) == []


@pytest.mark.parametrize(
    ("picked", "recipient", "found"),
    [("p", CUSTOMER, ""), ("q", CUSTOMER, "picked under"), ("p", {"name": "Ann", "address": "Ann"}, "goes to")],
)
def test_the_parcel_is_the_orders(books: Books, picked: str, recipient: Any, found: str) -> None:
    """S3: of its goods, and to its customer."""
    placed(books)
    write(books, "inventory", "reservations", reference=ORDER, state="fetched", goods={"CUP": 2}, pick_id=picked)
    write(books, "shipping", "shipments", reference=ORDER, state="pending", pick_id="p", recipient=recipient)
    assert found in next(s3_same_parcel(books, ORDER), "")
    assert bool(found) == bool([*s3_same_parcel(books, ORDER)])


def test_a_pick_is_one_orders(books: Books) -> None:
    """S3."""
    write(books, "inventory", "reservations", reference=ORDER, state="fetched", goods={}, pick_id="p")
    assert list(s3_pick_of_its_own(books, ORDER)) == []
    write(books, "inventory", "reservations", reference="another", state="fetched", goods={}, pick_id="p")
    assert "one pick for" in next(s3_pick_of_its_own(books, ORDER))


def test_what_was_counted_is_on_hand(books: Books) -> None:
    """S2."""
    rows.stock(books, 17, 0, 0, 17)
    assert list(s2_counted(books, {7, 17}, "CUP")) == []
    assert "are on hand" in next(s2_counted(books, {7, 10}, "CUP"))


@pytest.mark.parametrize(
    ("move", "missing"),
    [
        (("charging", "CardCharged", "received", []), "PaymentReceived"),
        (("charging", "CardDeclined", "in_clearing", []), "PaymentInClearing"),
        (("charging/cancel_wished", "CancelPayment", "cancelled", []), "PaymentCancelled"),
        (("in_clearing", "RefundPayment", "cancelled", ["PaymentCancelled"]), "PaymentRefunded"),
        (("refunding", "CardRefunded", "refunded", ["PaymentRefunded"]), ""),
        (("charging", "CardNotCharged", "waiting_for_gateway", []), ""),
    ],
)
def test_who_waits_for_news_gets_it(books: Books, move: tuple[str, str, str, Sequence[str]], missing: str) -> None:
    """S6."""
    paying(books)
    went(books, move)
    found = next(s6_announced(books, "payment", PAYMENT), "")
    assert missing in found
    assert bool(missing) == bool(found)


@pytest.mark.parametrize("said", ["OrderCompleted", "OrderCancelled", "OrderClosed"])
def test_what_is_said_of_an_orders_end_is_true(books: Books, said: str) -> None:
    """S6."""
    rows.order(books, "awaiting_invoice_payment", by_invoice=True, steps=1)
    rows.line(
        books, 1, "awaiting_shipment", "awaiting_invoice_payment", "GoodsShipped", "IssueInvoice", said, message="m1"
    )
    assert f"{said} was said" in next(s6_announced(books, "order", ORDER))


@pytest.mark.parametrize(
    ("moves", "found"),
    [
        (
            [
                ("charging", "CancelPayment", "charging/cancel_wished", []),
                ("charging/cancel_wished", "x", "unsure", []),
            ],
            True,
        ),
        ([("in_clearing", "RefundPayment", "cancelled", []), ("cancelled", "x", "charging", ["ChargeCard"])], True),
        ([("charging", "RefundPayment", "charging/refund_wished", []), ("unsure", "x", "received", [])], True),
        ([("received", "RefundPayment", "refunding", ["RefundCard"])], False),
        ([("charging", "CancelPayment", "charging/cancel_wished", []), ("charging", "x", "received", [])], False),
    ],
)
def test_a_payment_that_was_called_off_is_not_taken(books: Books, moves: Any, found: bool) -> None:
    """S5. That the money had come already may turn out later."""
    paying(books)
    went(books, *moves)
    assert bool([*s5_called_off(books, "payment", PAYMENT)]) == found


@pytest.mark.parametrize(
    ("cancelled_while", "then", "found"),
    [
        ("withdrawing_payment/price", "awaiting_goods", False),
        ("awaiting_payment", "awaiting_shipment", True),
        ("awaiting_shipment", "completed", False),
    ],
)
def test_an_order_that_was_called_off_is_not_shipped(
    books: Books, cancelled_while: str, then: str, found: bool
) -> None:
    """Q4. Unless the parcel had been on its way."""
    placed(books)
    rows.line(books, 1, cancelled_while, "somewhere", "CancelOrder", message="m1")
    rows.line(books, 2, "somewhere", then, "x", message="m2")
    assert bool([*q4_called_off(books, "order", ORDER)]) == found


def test_a_word_that_leaves_no_trace(books: Books) -> None:
    """S7: who is awaiting goods hears that the order is cancelled."""
    deliveries = Deliveries(books, {})
    heard = Heard(books, deliveries)
    deliveries.say("m1", "order.cancel-order.v1", ORDER)
    placed(books)
    heard.seen("order", ORDER)
    assert "did nothing" in next(heard.s7_heeded("order", "m1"))
    rows.line(books, 1, "awaiting_goods", "compensating", "CancelOrder", message="m1")
    assert list(heard.s7_heeded("order", "m1")) == []


def test_a_case_stays_what_it_is(books: Books) -> None:
    """S6: one agent's, and closed once it is; S9: what is done to it after that is not."""
    clearing = Clearing(books)
    case(books, agent="anna")
    write(books, "payment", "operator_actions", action_id="a", action="case.claim-case", target="c", author="ben")
    assert "no record of it" in next(clearing.s9_claimed(ORDER))
    rows.change(books, "payment", "UPDATE operator_actions SET author = 'anna'")
    assert list(clearing.s9_claimed(ORDER)) == []
    clearing.seen(ORDER)
    assert list(clearing.s6_case_kept(ORDER)) == []
    assert list(clearing.s9_open_case("payment", "a")) == []
    rows.change(books, "payment", "UPDATE clearing_cases SET agent = 'ben', outcome = 'new_card'")
    assert "was anna's" in next(clearing.s6_case_kept(ORDER))
    clearing.seen(ORDER)
    assert "closed before" in next(clearing.s9_open_case("payment", "a"))
    rows.change(books, "payment", "UPDATE clearing_cases SET outcome = NULL")
    assert "was closed" in next(clearing.s6_case_kept(ORDER))


def test_every_time_in_clearing_is_a_case_and_some_are_urgent(books: Books) -> None:
    """S6."""
    clearing = Clearing(books)
    paying(books, "in_clearing")
    went(books, DECLINED, ("in_clearing", "escalation: 3 days are over", "in_clearing", []))
    assert "0 cases" in next(clearing.s6_every_case("payment", PAYMENT))
    case(books)
    assert "were urgent since" in next(clearing.s6_every_case("payment", PAYMENT))
    rows.change(books, "payment", "UPDATE clearing_cases SET escalated_at = opened_at")
    assert list(clearing.s6_every_case("payment", PAYMENT)) == []


@pytest.mark.parametrize(
    ("card", "token", "found"), [(2, "tok_new", ""), (1, "tok_new", "is at card 1"), (2, "tok_old", "and has tok_old")]
)
def test_a_new_card_is_the_one_that_was_given(books: Books, card: int, token: str, found: str) -> None:
    """S4: under a key of its own."""
    clearing = Clearing(books)
    clearing.cards["why"] = "tok_new"
    paying(books, card=card, card_token=token)
    went(books, ("in_clearing", "TakeNewCard", "charging", ["ChargeCard"]), author="anna", reason="why")
    assert found in next(clearing.s4_new_card("payment", PAYMENT), "")
    assert bool(found) == bool([*clearing.s4_new_card("payment", PAYMENT)])


@pytest.mark.parametrize(("calls", "found"), [(2, True), (16, False)])
def test_a_gateway_is_tried_for_a_day(books: Books, calls: int, found: bool) -> None:
    """S8."""
    paying(books, "in_clearing")
    tries = [("waiting_for_gateway", "next try is due", "charging", ["ChargeCard"])] * calls
    went(books, *tries, ("charging", "CardNotCharged", "in_clearing", ["PaymentInClearing"]))
    assert bool([*Clearing(books).s8_a_day_of_tries("payment", PAYMENT)]) == found


@pytest.mark.parametrize(
    ("name", "amount", "found"),
    [("received", 100, False), ("received", 70, True), ("refunded", 100, True), ("refunded", 70, False)],
)
def test_amounts_that_are_told_are_booked(books: Books, name: str, amount: int, found: bool) -> None:
    """S1: of this attempt, on the card and of credit."""
    for kind, key, booked in (
        ("charged", f"{PAYMENT}/1", -70),
        ("credit_used", PAYMENT, -30),
        ("refunded_card", f"{PAYMENT}/1/refund", 70),
        ("charged", f"{ORDER}/12/1", -9),
    ):
        posting = {"posting_id": f"{kind}:{key}", "kind": kind, "reference": ORDER, "account": f"held_for:{ORDER}"}
        write(books, "payment", "ledger_entries", **posting, line=1, amount=booked, currency="EUR")
    body = {"reference": ORDER, "attempt": 1, "amount": {"amount": amount, "currency": "EUR"}}
    rows.said(books, "payment", "m1", f"payment.payment-{name}.v1", body)
    assert bool([*s1_told(books, "payment", "m1")]) == found


def test_credit_is_used_first(books: Books) -> None:
    """S1."""
    paying(books, credit_used=30)
    assert list(s1_credit_first(books, set(), "payment", PAYMENT)) == []
    write(books, "payment", "credits", customer_id="c-1", currency="EUR", balance=5)
    assert "has 5 left" in next(s1_credit_first(books, set(), "payment", PAYMENT))
    assert list(s1_credit_first(books, {"c-1"}, "payment", PAYMENT)) == []


def test_an_invoice_is_paid_in_its_currency(books: Books) -> None:
    """S1."""
    rows.invoice(books, "open")
    payment = {"reference": ORDER, "request_id": "r", "amount": 0}
    write(books, "payment", "invoice_payments", **payment, currency="USD")
    assert "USD came" in next(s1_invoice(books, ORDER))
    rows.change(books, "payment", "UPDATE invoice_payments SET currency = 'EUR'")
    assert list(s1_invoice(books, ORDER)) == []


def test_what_is_undone_was_said_to_be(books: Books) -> None:
    """Q4."""
    deliveries = Deliveries(books, {})
    rows.order(books, "compensating", undos=[("RefundPayment", 1, "confirmed")])
    assert "nobody has said so" in next(deliveries.q4_confirmed("order", ORDER))
    deliveries.say("m1", "payment.payment-refunded.v1", ORDER, 1)
    list(deliveries.s4_handled_once("order", "m1"))
    assert list(deliveries.q4_confirmed("order", ORDER)) == []


def test_letters_end_with_a_person_or_in_the_inbox(books: Books) -> None:
    """Q3."""
    deliveries = Deliveries(books, {})
    letter = {"message_id": "m1", "letter_id": "l1", "headers": {}, "cause": "it came before"}
    write(books, "payment", "dead_letters", **letter, status="retrying", attempts=10)
    assert "no person was asked" in next(deliveries.q3_cause("payment", "m1"))
    rows.change(books, "payment", "UPDATE dead_letters SET attempts = 9, status = 'parked'")
    assert "might have come right" in next(deliveries.q3_cause("payment", "m1"))
    rows.change(books, "payment", "UPDATE dead_letters SET attempts = 10, status = 'discarded'")
    assert "if it came again" in next(deliveries.q3_cause("payment", "m1"))
    write(books, "payment", "inbox", message_id="m1")
    assert list(deliveries.q3_cause("payment", "m1")) == []


def test_what_operators_did_is_known_from_both_sides(books: Books) -> None:
    """S9: to what, and by whom; S8: what is fired goes off."""
    audit, alarms = Audit(books), Alarms(books, lambda: time_of(rows.AT))
    done = {"author": "olga", "reason": "why"}
    write(books, "order", "operator_actions", action_id="a", action="dead-letter.redrive", target="l", **done)
    assert "no such thing" in next(audit.s9_about_something("order", "a"))
    write(books, "order", "dead_letters", message_id="m", letter_id="l", headers={})
    assert list(audit.s9_about_something("order", "a")) == []
    write(books, "order", "operator_actions", action_id="b", action="timer.fire", target="goods", **done)
    assert "never was such a timer" in next(alarms.s9_known("order", "b"))
    rows.order(books, "awaiting_goods", steps=1)
    rows.deadline(books, "goods", 1, rows.LATER)
    list(alarms.s8_armed_in_time("order", "goods"))
    assert list(alarms.s9_known("order", "b")) == []
    assert "was fired" in next(alarms.s8_fired("order", "b"))
    rows.change(books, "order", "UPDATE timers SET due_at = ?", [rows.AT])
    assert list(alarms.s8_fired("order", "b")) == []
    paying(books)
    went(books, DECLINED, author="anna", reason="why not")
    assert "nothing of it is recorded" in next(audit.s9_authored("payment", PAYMENT))
    write(books, "payment", "operator_actions", action_id="c", author="anna", reason="why not")
    assert list(audit.s9_authored("payment", PAYMENT)) == []
