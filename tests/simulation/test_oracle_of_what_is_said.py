"""What services say, and what they make of what they hear: each slip is found."""

from typing import Any

import pytest

from minuet.simulation.oracle.books import Books
from minuet.simulation.oracle.clearing import Clearing
from minuet.simulation.oracle.delivery import Deliveries
from minuet.simulation.oracle.noted import s7_noted_down, s7_reminders, s7_resumed
from minuet.simulation.oracle.told import s1_told, s3_told, s6_told_whom
from tests.simulation import rows
from tests.simulation.rows import AT, ORDER, write

CUSTOMER = {"id": "c-1", "name": "Cy", "email": "cy@example.com", "address": "1 Lane"}
PAYER = {name: CUSTOMER[name] for name in ("id", "name", "email")}
PAYMENT = f"{ORDER}/1"
WITH_REASON = "UPDATE saga_instances SET data = replace(data, 'failed', 'failed: the card has expired')"


@pytest.fixture
def books() -> Books:
    return rows.empty_books()


def placed(books: Books, state: str, **facts: Any) -> None:
    data = {"attempt": 1, "in_clearing": False, "reason": "", "price_fixed_at": f"{AT}Z", "customer": CUSTOMER, **facts}
    key = {"instance_id": ORDER, "subject": ORDER, "flow": "order", "revision": 1}
    write(books, "order", "saga_instances", **key, state=state, data=data, undos=[])


def test_the_customer_is_told(books: Books) -> None:
    """S6."""
    placed(books, "completed")
    rows.said(books, "order", "m1", "order.order-completed.v1", {"customer_id": "c-1"})
    rows.said(books, "order", "m2", "payment.retrieve-payment.v1", {"payer": PAYER})
    rows.said(books, "order", "m3", "payment.retrieve-payment.v1", {"payer": {**PAYER, "email": "Cy"}})
    rows.said(books, "order", "m4", "order.order-completed.v1", {"customer_id": "Cy"})
    assert list(s6_told_whom(books, "order", "m1")) == list(s6_told_whom(books, "order", "m2")) == []
    assert "to somebody else" in next(s6_told_whom(books, "order", "m3"))
    assert "to somebody else" in next(s6_told_whom(books, "order", "m4"))


def test_an_invoice_defaults_on_what_is_open(books: Books) -> None:
    """S1."""
    rows.invoice(books, "defaulted")
    for message_id, amount in (("m1", 100), ("m2", 60)):
        body = {"reference": ORDER, "amount": {"amount": amount, "currency": "EUR"}}
        rows.said(books, "payment", message_id, "payment.invoice-defaulted.v1", body)
    assert list(s1_told(books, "payment", "m1")) == []
    assert "100 is booked" in next(s1_told(books, "payment", "m2"))


@pytest.mark.parametrize(("table", "key"), [("outbox", "message_id"), ("effects", "effect_id")])
def test_what_is_said_of_a_parcel_is_known_of_it(books: Books, table: str, key: str) -> None:
    """S3."""
    write(books, "shipping", "shipments", reference=ORDER, state="shipped", pick_id="p", tracking_number="T")
    slips = {"m2": {"tracking_number": "p"}, "m4": {"reason": "late"}}
    for message_id, said in {"m1": {"tracking_number": "T"}, "m3": {}, **slips}.items():
        write(books, "shipping", table, **{key: message_id}, headers={}, body={"reference": ORDER, **said})
    assert list(s3_told(books, "shipping", table, "m1")) == list(s3_told(books, "shipping", table, "m3")) == []
    assert all("known is" in next(s3_told(books, "shipping", table, slip)) for slip in slips)


def caused(books: Books, message_id: str, cause: str, correlation: str, **body: Any) -> None:
    headers = {"ce-type": "a.b-c.v1", "ce-subject": ORDER, "ce-correlationid": correlation, "ce-causationid": cause}
    write(books, "payment", "outbox", message_id=message_id, headers=headers, body=body)


def test_what_is_said_belongs_to_its_cause(books: Books) -> None:
    """S5: to the same order, and in payment to the same attempt."""
    deliveries = Deliveries(books, {})
    caused(books, "m1", "", "o", attempt=2)
    caused(books, "m2", "m1", "o", attempt=2)
    caused(books, "m3", "m1", "")
    caused(books, "m4", "m1", "o", attempt=1)
    for message_id in ("m1", "m2", "m3", "m4"):
        deliveries.note_outbox("payment", message_id)
    assert list(deliveries.s5_correlated("payment", "m1")) == list(deliveries.s5_correlated("payment", "m2")) == []
    assert "is about ''" in next(deliveries.s5_correlated("payment", "m3"))
    assert "because of" in next(deliveries.s5_correlated("payment", "m4"))


def test_who_hears_of_clearing_shows_it(books: Books) -> None:
    """S7."""
    deliveries = Deliveries(books, {})
    placed(books, "awaiting_payment")
    assert list(deliveries.s7_clearing_noted("order", ORDER)) == []
    deliveries.heard.add(("order", ORDER, "payment.payment-in-clearing.v1", 1))
    assert "does not say so" in next(deliveries.s7_clearing_noted("order", ORDER))


def test_who_hears_why_it_failed_says_so(books: Books) -> None:
    """S7."""
    deliveries = Deliveries(books, {})
    deliveries.say("m", "payment.payment-failed.v1", ORDER, 1, "the card has expired")
    placed(books, "cancelled", reason="payment failed")
    rows.line(books, 1, "awaiting_payment", "cancelled", "PaymentFailed", message="m")
    assert "the card has expired" in next(deliveries.s7_reason_noted("order", ORDER))
    rows.change(books, "order", WITH_REASON)
    assert list(deliveries.s7_reason_noted("order", ORDER)) == []


@pytest.mark.parametrize(
    ("because", "reason", "found"),
    [
        ("CancelOrder", "cancelled by the customer", ""),
        ("CancelOrder", "not shipped in time", "that is said to be"),
        ("GoodsShipped", "", ""),
        ("GoodsShipped", "cancelled by the customer", "though"),
    ],
)
def test_an_order_has_the_reason_that_it_has(books: Books, because: str, reason: str, found: str) -> None:
    """S7."""
    placed(books, "awaiting_invoice_payment", reason=reason)
    rows.line(books, 1, "start", "awaiting_shipment", "PlaceOrder", message="m1")
    rows.line(books, 2, "awaiting_shipment", "awaiting_invoice_payment", because, message="m2")
    assert found in next(s7_noted_down(books, "order", ORDER), "")
    assert bool([*s7_noted_down(books, "order", ORDER)]) == bool(found)


def test_who_is_retried_goes_on_where_he_stood(books: Books) -> None:
    """S7."""
    placed(books, "compensating")
    rows.line(books, 1, "needs_attention/compensating", "compensating", "RetryOrder", message="m1")
    assert list(s7_resumed(books, "order", ORDER)) == []
    rows.line(books, 2, "needs_attention/withdrawing_payment/price", "compensating", "RetryOrder", message="m2")
    assert "was retried as" in next(s7_resumed(books, "order", ORDER))


@pytest.mark.parametrize(("number", "found"), [(0, "1 times"), (1, ""), (2, "1 times")])
def test_reminders_are_counted(books: Books, number: int, found: str) -> None:
    """S7."""
    rows.invoice(books, "open")
    key = {"instance_id": ORDER, "flow": "invoice", "from_state": "open", "to_state": "open"}
    write(books, "payment", "saga_history", **key, step=1, sent=["InvoiceReminded"])
    rows.change(books, "payment", f"UPDATE saga_instances SET data = json_set(data, '$.reminders', {number})")
    assert found in next(s7_reminders(books, "payment", ORDER), "")
    assert bool([*s7_reminders(books, "payment", ORDER)]) == bool(found)


def test_refunds_that_did_not_come_about_are_counted(books: Books) -> None:
    """S8: so that the next attempt is made later and later."""
    key = {"instance_id": PAYMENT, "subject": ORDER, "flow": "payment", "revision": 1}
    write(books, "payment", "saga_instances", **key, state="waiting_to_refund", data={"tries": 0}, undos=[])
    for step, before, after in ((1, "received", "refunding"), (2, "refunding", "waiting_to_refund")):
        move = {"instance_id": PAYMENT, "flow": "payment", "from_state": before, "to_state": after}
        write(books, "payment", "saga_history", **move, step=step, sent=["RefundCard"])
    assert "was not refunded 1 times" in next(Clearing(books).s8_a_day_of_tries("payment", PAYMENT))
    rows.change(books, "payment", """UPDATE saga_instances SET data = '{"tries": 1}'""")
    assert list(Clearing(books).s8_a_day_of_tries("payment", PAYMENT)) == []
