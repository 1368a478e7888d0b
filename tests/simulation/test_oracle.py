"""Every invariant is broken once by hand-made rows, and the oracle says so; beside it, rows that are in order."""

# ruff: noqa: E501 - what is wrong with the rows is read line by line

from collections.abc import Callable, Iterator

import pytest

from minuet.simulation.oracle.alarms import Alarms
from minuet.simulation.oracle.audit import Audit
from minuet.simulation.oracle.books import Books, time_of
from minuet.simulation.oracle.decided import Decisions
from minuet.simulation.oracle.delivery import Deliveries
from minuet.simulation.oracle.ends import (
    l1_calls_ended,
    l1_ended,
    l1_in_time,
    q4_closed,
    q4_undone,
    s5_no_ghost_order,
)
from minuet.simulation.oracle.flow import s4_said_once, s6_case, s6_not_stuck, s7_path, s8_not_armed_in_vain
from minuet.simulation.oracle.goods import q2_released_xor_shipped, s2_reservation, s2_stock, s3_shipped
from minuet.simulation.oracle.heard import Heard
from minuet.simulation.oracle.money import (
    q1_money_for_goods,
    q1_not_charged,
    q1_not_charged_as_it_says,
    q1_nothing_left_to_charge,
    s1_credit,
    s1_credit_of_payer,
    s1_invoice,
    s1_money,
    s4_one_charge,
    s4_payment_id,
    s5_no_ghost_charge,
)
from minuet.simulation.oracle.undoing import (
    q4_undo_known,
    q4_undone_when_cancelled,
    s4_undone_once,
    s6_undone_and_waiting,
)
from minuet.simulation.oracle.violation import rows_about
from tests.simulation import rows
from tests.simulation.rows import ORDER, write

Check = Callable[[Books, str], Iterator[str]]
Rows = Callable[[Books], None]


@pytest.fixture
def books() -> Books:
    return rows.empty_books()


def all_of(*writes: Rows) -> Rows:
    def run(books: Books) -> None:
        for each in writes:
            each(books)

    return run


def paid(books: Books) -> None:
    rows.payment(books, "received")
    rows.moved(books, "charged", 100)
    rows.charge(books, 1)


def refunded(books: Books) -> None:
    rows.moved(books, "refunded_card", -100)
    write(books, "gateway", "refunds", key="r", charge_key=f"{ORDER}/1/1", reference=ORDER, amount=100)


def shipped(books: Books) -> None:
    rows.reservation(books, "shipped")
    rows.shipment(books, "shipped")


WRONG: list[tuple[str, Check, str, Rows]] = [
    ("received without being asked", s1_money, ORDER, lambda b: rows.moved(b, "charged", 100)),
    ("refunded, never received", s1_money, ORDER, all_of(lambda b: rows.payment(b, "refunded"), lambda b: rows.moved(b, "refunded_card", -100))),
    ("booked the wrong way round", s1_money, ORDER, all_of(lambda b: rows.payment(b, "received"), lambda b: rows.moved(b, "charged", -100))),
    ("one line", s1_money, ORDER, lambda b: rows.moved(b, "charged", 0, balanced=False)),
    ("credit from nowhere", s1_credit, "c-1", lambda b: write(b, "payment", "credits", customer_id="c-1", currency="EUR", balance=5)),
    ("credit that only the ledger knows", s1_credit_of_payer, ORDER, lambda b: rows.moved(b, "credit_used", 5, other="credit_of:c-1")),
    ("money over the bank, not booked", s1_invoice, ORDER, lambda b: write(b, "payment", "invoice_payments", reference=ORDER, request_id="q", amount=5)),
    ("in clearing, on no list", s6_case, ORDER, lambda b: rows.payment(b, "in_clearing")),
    ("on the list, not in clearing", s6_case, ORDER, all_of(lambda b: rows.payment(b, "received"), lambda b: rows.case(b, None))),
    ("goods from nowhere", s2_stock, "CUP", lambda b: rows.stock(b, 5, 0, 0, 4)),
    ("reserved for nobody", s2_stock, "CUP", lambda b: rows.stock(b, 4, 1, 0, 5)),
    ("shipped to nobody", s2_stock, "CUP", lambda b: rows.stock(b, 4, 0, 1, 5)),
    ("held by nobody", s2_reservation, ORDER, all_of(lambda b: rows.stock(b, 5, 0, 0, 5), lambda b: rows.reservation(b, "fetched"))),
    ("shipped, not fetched", s3_shipped, ORDER, all_of(lambda b: rows.order(b, "completed"), paid, lambda b: rows.shipment(b, "shipped"))),
    ("shipped, not paid", s3_shipped, ORDER, all_of(lambda b: rows.order(b, "completed"), shipped)),
    ("two cards for one attempt", s4_one_charge, ORDER, all_of(lambda b: rows.charge(b, 1), lambda b: rows.charge(b, 2))),
    ("one charge given back twice", s4_one_charge, ORDER, all_of(paid, refunded, lambda b: write(b, "gateway", "refunds", key="r2", charge_key=f"{ORDER}/1/1", reference=ORDER, amount=1))),
    ("charged, never asked", s5_no_ghost_charge, ORDER, lambda b: rows.charge(b, 1)),
    ("our books are not the gateway's", q1_money_for_goods, ORDER, all_of(lambda b: rows.payment(b, "received"), lambda b: rows.charge(b, 1))),
    ("taken for not charged, yet charged", q1_not_charged, ORDER, all_of(lambda b: rows.payment(b, "waiting_for_gateway"), lambda b: rows.charge(b, 1))),
    ("completed, not paid", q1_money_for_goods, ORDER, lambda b: rows.order(b, "completed")),
    ("completed, not shipped", q1_money_for_goods, ORDER, all_of(lambda b: rows.order(b, "completed"), paid)),
    ("cancelled, not refunded", q1_money_for_goods, ORDER, all_of(lambda b: rows.order(b, "cancelled"), paid)),
    ("cancelled, goods still held", q2_released_xor_shipped, ORDER, all_of(lambda b: rows.order(b, "cancelled"), lambda b: rows.reservation(b, "fetched"))),
    ("shipped and released", q2_released_xor_shipped, ORDER, all_of(lambda b: rows.order(b, "closed"), lambda b: rows.reservation(b, "released"), lambda b: rows.shipment(b, "shipped"))),
    ("shipped and refunded", q2_released_xor_shipped, ORDER, all_of(lambda b: rows.order(b, "completed"), paid, refunded, shipped)),
    ("cancelled and shipped", q4_undone, ORDER, all_of(lambda b: rows.order(b, "cancelled"), lambda b: rows.shipment(b, "shipped"))),
    ("cancelled and with a carrier", q4_undone, ORDER, all_of(lambda b: rows.order(b, "cancelled"), lambda b: rows.shipment(b, "with_carrier"))),
    ("closed, not refunded", q4_closed, ORDER, all_of(lambda b: rows.order(b, "closed"), paid)),
    ("closed, goods still held", q4_closed, ORDER, all_of(lambda b: rows.order(b, "closed"), lambda b: rows.reservation(b, "fetched"))),
    ("closed, and with a carrier", q4_closed, ORDER, all_of(lambda b: rows.order(b, "closed"), lambda b: rows.shipment(b, "with_carrier"))),
    ("closed, and still to be paid", q4_closed, ORDER, all_of(lambda b: rows.order(b, "closed", by_invoice=True), shipped, lambda b: rows.invoice(b, "defaulted"))),
    ("accepted and forgotten", l1_ended, ORDER, lambda _: None),
    ("waiting for ever", l1_ended, ORDER, lambda b: rows.order(b, "awaiting_goods")),
]  # fmt: skip
RIGHT: list[tuple[Check, str, Rows]] = [
    (s1_money, ORDER, paid),
    (s1_money, ORDER, all_of(paid, refunded)),
    (s2_stock, "CUP", all_of(lambda b: rows.stock(b, 4, 1, 0, 5), lambda b: rows.reservation(b, "fetched"))),
    (s3_shipped, ORDER, all_of(lambda b: rows.order(b, "completed"), paid, shipped)),
    (s3_shipped, ORDER, all_of(lambda b: rows.order(b, "awaiting_invoice_payment", by_invoice=True), shipped)),
    (s4_one_charge, ORDER, paid),
    (s5_no_ghost_charge, ORDER, paid),
    (s1_credit_of_payer, ORDER, paid),
    (s1_invoice, ORDER, paid),
    (s6_case, ORDER, all_of(lambda b: rows.payment(b, "in_clearing"), lambda b: rows.case(b, None))),
    (s6_case, ORDER, all_of(lambda b: rows.payment(b, "received"), lambda b: rows.case(b, "new_card"))),
    (q1_not_charged, ORDER, paid),
    (q1_not_charged, ORDER, lambda b: rows.payment(b, "cancelled")),
    (q1_money_for_goods, ORDER, all_of(lambda b: rows.order(b, "completed"), paid, shipped)),
    (q4_closed, ORDER, all_of(lambda b: rows.order(b, "closed"), paid, refunded)),
    (
        q4_closed,
        ORDER,
        all_of(lambda b: rows.order(b, "closed", by_invoice=True), shipped, lambda b: rows.invoice(b, "cancelled")),
    ),
    (q1_money_for_goods, ORDER, all_of(lambda b: rows.order(b, "cancelled"), paid, refunded)),
    (q2_released_xor_shipped, ORDER, all_of(lambda b: rows.order(b, "completed"), paid, shipped)),
    (q4_undone, ORDER, all_of(lambda b: rows.order(b, "cancelled"), lambda b: rows.shipment(b, "cancelled"))),
    (l1_ended, ORDER, lambda b: rows.order(b, "needs_attention/compensating")),
]


@pytest.mark.parametrize(("what", "check", "key", "bad"), WRONG, ids=[f"{w[1].__name__}: {w[0]}" for w in WRONG])
def test_what_is_wrong_is_found(books: Books, what: str, check: Check, key: str, bad: Rows) -> None:
    """The oracle has something to say."""
    bad(books)
    assert list(check(books, key)), what


@pytest.mark.parametrize(("check", "key", "good"), RIGHT, ids=[check.__name__ for check, _, _ in RIGHT])
def test_what_is_right_is_left_alone(books: Books, check: Check, key: str, good: Rows) -> None:
    """No invariant is broken by what should be."""
    good(books)
    assert list(check(books, key)) == []


def test_an_order_that_waits_has_a_deadline(books: Books) -> None:
    """S6: that of its present state; one of an earlier state is S8's, and no deadline at all."""
    rows.order(books, "awaiting_goods", generation=2)
    assert "has no deadline" in next(s6_not_stuck(books, "order", ORDER))
    rows.deadline(books, "price guarantee", 1, rows.LATER)
    assert "has no deadline" in next(s6_not_stuck(books, "order", ORDER))
    assert "still armed" in next(s8_not_armed_in_vain(books, "order", ORDER))
    rows.deadline(books, "escalation", 2, rows.LATER)
    assert "has no deadline there that wakes it" in next(s6_not_stuck(books, "order", ORDER))
    rows.deadline(books, "goods", 2, rows.LATER)
    assert list(s6_not_stuck(books, "order", ORDER)) == []


def test_a_deadline_among_the_dead_letters_counts(books: Books) -> None:
    """S6: it went off, and is tried again or waits for a person; once it was discarded nothing wakes the order."""
    rows.order(books, "awaiting_goods", generation=2)
    about = {"flow": "order", "instance_id": ORDER, "about": ORDER, "deadline": "goods", "generation": 2}
    headers = {"ce-type": "saga.deadline-reached.v1"}
    write(books, "order", "dead_letters", message_id="m1", headers=headers, body=about, status="parked")
    assert list(s6_not_stuck(books, "order", ORDER)) == []
    rows.change(books, "order", "UPDATE dead_letters SET status = 'discarded'")
    assert "has no deadline" in next(s6_not_stuck(books, "order", ORDER))


def test_a_gateway_that_works_is_not_asked_for_ever(books: Books) -> None:
    """L1: weeks after the last fault every call has ended."""
    rows.payment(books, "waiting_to_refund")
    assert "for ever" in next(l1_calls_ended(books))
    rows.change(books, "payment", "UPDATE saga_instances SET state = 'refunded'")
    assert list(l1_calls_ended(books)) == []


def test_an_order_has_somebody_who_placed_it() -> None:
    """S5: one that nobody knows of is a ghost."""
    assert list(s5_no_ghost_order({ORDER}, ORDER)) == []
    assert list(s5_no_ghost_order(set(), ORDER))


def test_what_undoes_a_command_is_known_and_done(books: Books) -> None:
    """Q4: not known once it is sent, not done when the order is cancelled; S4: done twice."""
    rows.order(books, "cancelled", steps=2)
    rows.line(books, 1, "start", "awaiting_payment", "PlaceOrder", "OrderPlaced", "RetrievePayment", message="m1")
    rows.line(books, 2, "awaiting_payment", "cancelled", "PaymentFailed", "OrderCancelled", message="m2")
    assert "does not know how to undo it" in next(q4_undo_known(books, "order", ORDER))
    rows.knows(books, ("RefundPayment", 1, "recorded"))
    assert list(q4_undo_known(books, "order", ORDER)) == []
    assert "RefundPayment is only recorded" in next(q4_undone_when_cancelled(books, "order", ORDER))
    assert list(s6_undone_and_waiting(books, "order", ORDER)) == []
    assert list(s4_undone_once(books, "order", ORDER)) == []
    for step in (3, 4):
        rows.line(books, step, "cancelled", "cancelled", "PaymentReceived", "RefundPayment", message=f"m{step}")
    assert "again and again" in next(s4_undone_once(books, "order", ORDER))
    rows.change(books, "order", "DELETE FROM saga_history WHERE step > 2")
    rows.knows(books, ("RefundPayment", 1, "dropped"))
    assert list(q4_undone_when_cancelled(books, "order", ORDER)) == []
    rows.knows(books, ("RefundPayment", 0, "sent"))  # of an older attempt: undone at once, and not waited for
    assert list(q4_undone_when_cancelled(books, "order", ORDER)) == []
    rows.change(books, "order", "UPDATE saga_history SET from_state = 'compensating' WHERE step = 2")
    books.forget("order", [ORDER])
    assert "RefundPayment is only sent" in next(q4_undone_when_cancelled(books, "order", ORDER))
    rows.change(books, "order", "UPDATE saga_history SET from_state = 'awaiting_payment' WHERE step = 2")
    rows.knows(books, ("RefundPayment", 1, "sent"))
    assert "RefundPayment is only sent" in next(q4_undone_when_cancelled(books, "order", ORDER))


@pytest.mark.parametrize("state", ["compensating", "needs_attention/compensating"])
def test_who_waits_until_all_is_undone_has_asked_for_it(books: Books, state: str) -> None:
    """S6: with nothing left to undo, and with something that nobody was told to undo."""
    rows.order(books, state, undos=[("ReleaseGoods", None, "confirmed"), ("RefundPayment", 1, "sent")])
    assert list(s6_undone_and_waiting(books, "order", ORDER)) == []
    rows.knows(books, ("RefundPayment", 1, "recorded"))
    assert "has not sent RefundPayment" in next(s6_undone_and_waiting(books, "order", ORDER))
    rows.knows(books, ("RefundPayment", 1, "confirmed"))
    assert "everything is undone" in next(s6_undone_and_waiting(books, "order", ORDER))


def test_two_payments_have_two_names(books: Books) -> None:
    """S4."""
    key = {"subject": ORDER, "flow": "payment", "data": {"payment_id": "p-1"}, "undos": []}
    write(books, "payment", "saga_instances", instance_id=f"{ORDER}/1", **key)
    assert list(s4_payment_id(books, "payment", f"{ORDER}/1")) == []
    write(books, "payment", "saga_instances", instance_id=f"{ORDER}/2", **key)
    assert "go by the name of p-1" in next(s4_payment_id(books, "payment", f"{ORDER}/2"))


def test_what_is_decided_is_decided_once(books: Books) -> None:
    """Q2: goods, and a parcel; S4: what is said of it."""
    decisions = Decisions(books)
    rows.reservation(books, "unavailable")
    assert list(decisions.q2_goods_decided_once(ORDER)) == []
    rows.change(books, "inventory", "UPDATE reservations SET state = 'fetched'")
    assert "was unavailable, and is fetched" in next(decisions.q2_goods_decided_once(ORDER))
    rows.shipment(books, "leased")
    rows.change(books, "shipping", "UPDATE shipments SET cancel_wished = 1, carrier = 'w-1'")
    assert list(decisions.q2_parcel_decided_once(ORDER)) == []
    rows.change(books, "shipping", "UPDATE shipments SET carrier = 'w-2', state = 'shipped'")
    assert "in the hands of w-1, and w-2" in "".join(decisions.q2_parcel_decided_once(ORDER))
    rows.change(books, "shipping", "UPDATE shipments SET state = 'cancelled'")
    assert "was shipped, and is cancelled" in next(decisions.q2_parcel_decided_once(ORDER))
    rows.said(books, "payment", "m1", "payment.payment-received.v1", {"reference": ORDER, "attempt": 1})
    rows.said(books, "payment", "m2", "payment.payment-cancelled.v1", {"reference": ORDER, "attempt": 1})
    assert list(decisions.s4_answered_the_same("payment", "m1")) == []
    assert "payment-cancelled" in next(decisions.s4_answered_the_same("payment", "m2"))


def test_a_card_is_not_taken_for_free(books: Books) -> None:
    """Q1: a payment that says that its card is not charged is compared with the gateway's ledger, whoever wrote last."""
    rows.payment(books, "cancelled")
    rows.charge(books, 1)
    assert "the gateway has charged for it" in next(q1_not_charged_as_it_says(books, "payment", f"{ORDER}/1"))
    assert list(q1_not_charged_as_it_says(books, "order", ORDER)) == []


def test_a_payment_that_is_not_charged_will_not_be(books: Books) -> None:
    """Q1: no call that was left behind charges it later, unless the gateway has decided on it already."""
    rows.payment(books, "cancelled")
    headers, body = {"ce-type": "payment.charge-card.v1"}, {"charge_key": f"{ORDER}/1/1"}
    write(books, "payment", "effects", effect_id="e-1", subject=ORDER, headers=headers, body=body)
    assert "still to be charged" in next(q1_nothing_left_to_charge(books, "payment", f"{ORDER}/1"))
    write(books, "gateway", "charges", key=f"{ORDER}/1/1", reference=ORDER, amount=100, declined="card declined")
    assert list(q1_nothing_left_to_charge(books, "payment", f"{ORDER}/1")) == []


def test_a_parcel_is_shipped_by_who_took_it(books: Books) -> None:
    """S3: somebody, who knows whereto. Q2: not by who got it although it was to be cancelled."""
    decisions = Decisions(books)
    rows.shipment(books, "with_carrier")
    rows.change(books, "shipping", """UPDATE shipments SET recipient = '{"name": "c-1", "address": "1 Castle Hill"}'""")
    assert list(decisions.s3_taken(ORDER)) == list(decisions.q2_parcel_decided_once(ORDER)) == []
    rows.change(books, "shipping", "UPDATE shipments SET state = 'shipped', recipient = NULL")
    assert "no carrier" in next(decisions.s3_taken(ORDER))
    rows.change(books, "shipping", "UPDATE shipments SET carrier = 'simulated', tracking_number = 'SIM-1'")
    assert list(decisions.s3_taken(ORDER)) == []
    decisions.addresses[ORDER] = ""
    assert "no address" in next(decisions.s3_taken(ORDER))
    decisions.shipments[ORDER] = "leased", True, "w-1"
    rows.change(books, "shipping", "UPDATE shipments SET state = 'with_carrier', cancel_wished = 1")
    assert "as if it were not" in next(decisions.q2_parcel_decided_once(ORDER))


def test_a_parcel_waits_or_is_in_somebodys_hands(books: Books) -> None:
    """S3: it has a place in the queue, or a lease; and whom it was for is forgotten when it is decided."""
    decisions = Decisions(books)
    rows.shipment(books, "pending")
    for facts, fits in (
        ("state = 'pending', queued_at = 1, recipient = '{}'", True),
        ("lease_until = 1", False),
        ("state = 'leased', queued_at = NULL", True),
        ("state = 'with_carrier', lease_until = NULL", True),
        ("state = 'shipped'", False),
        ("recipient = NULL", True),
    ):
        rows.change(books, "shipping", f"UPDATE shipments SET {facts}")
        assert (list(decisions.s3_in_whose_hands(ORDER)) == []) == fits, facts


def test_what_was_heard_leaves_a_trace(books: Books) -> None:
    """S7: in the history of a flow that it leads on; Q2: in what inventory and shipping decide; S6: an answer."""
    deliveries = Deliveries(books, {})
    heard = Heard(books, deliveries)
    deliveries.say("m1", "payment.payment-failed.v1", ORDER, 1)
    rows.order(books, "awaiting_payment", steps=1)
    rows.line(books, 1, "start", "awaiting_payment", "PlaceOrder", message="m0")
    heard.seen("order", ORDER)
    assert "left no trace" in next(heard.s7_noted("order", "m1"))
    rows.line(books, 2, "awaiting_payment", "cancelled", "PaymentFailed", "OrderCancelled", message="m1")
    assert list(heard.s7_noted("order", "m1")) == []
    assert "ordercancelled" in next(heard.s7_said("order", ORDER))
    rows.said(books, "order", "m2", "order.order-cancelled.v1", {}, cause="m1")
    deliveries.note_outbox("order", "m2")
    assert list(heard.s7_said("order", ORDER)) == []
    deliveries.say("m3", "inventory.release-goods.v1", ORDER)
    assert "they are None" in next(heard.q2_obeyed("inventory", "m3"))
    assert "answered nothing" in next(heard.s6_answered("inventory", "m3"))
    rows.reservation(books, "released")
    assert list(heard.q2_obeyed("inventory", "m3")) == []
    deliveries.say("m4", "shipping.cancel-shipment.v1", ORDER)
    rows.shipment(books, "leased")
    assert "nothing says so" in next(heard.q2_obeyed("shipping", "m4"))
    rows.change(books, "shipping", "UPDATE shipments SET cancel_wished = 1")
    assert list(heard.q2_obeyed("shipping", "m4")) == []


def test_a_late_truth_is_undone(books: Books) -> None:
    """S7: money that comes for a closed order leads to a refund, unless that was sent."""
    deliveries = Deliveries(books, {})
    heard = Heard(books, deliveries)
    deliveries.say("m1", "payment.payment-received.v1", ORDER, 1)
    rows.order(books, "closed", undos=[("RefundPayment", 1, "recorded")])
    heard.seen("order", ORDER)
    assert "left no trace" in next(heard.s7_noted("order", "m1"))
    rows.knows(books, ("RefundPayment", 1, "sent"))
    assert list(heard.s7_noted("order", "m1")) == []


def test_every_deadline_of_a_state_is_armed_on_entry(books: Books) -> None:
    """S8: none is forgotten."""
    alarms = Alarms(books, lambda: time_of(rows.AT))
    rows.order(books, "awaiting_goods", generation=2)
    assert "only [] are armed" in next(alarms.s8_all_armed("order", ORDER))
    rows.deadline(books, "goods", 2, rows.LATER)
    assert list(Alarms(books, lambda: time_of(rows.AT)).s8_all_armed("order", ORDER)) == []


def test_a_history_is_a_path_in_the_table(books: Books) -> None:
    """S7: a move that is there, then one that is not, then one that sends something else, then one that is missing."""
    rows.order(books, "awaiting_payment", steps=1)
    rows.line(books, 1, "start", "awaiting_payment", "PlaceOrder", "OrderPlaced", "RetrievePayment", message="m1")
    assert list(s7_path(books, "order", ORDER)) == []
    rows.line(books, 2, "awaiting_payment", "completed", "PaymentReceived", "OrderCompleted", message="m2")
    assert "its history has [1, 2]" in next(s7_path(books, "order", ORDER))
    rows.change(books, "order", "UPDATE saga_instances SET steps = 2, state = 'completed'")
    assert "is not in the table" in next(s7_path(books, "order", ORDER))
    rows.change(books, "order", "UPDATE saga_instances SET state = 'awaiting_goods'")
    rows.change(books, "order", "UPDATE saga_history SET to_state = 'awaiting_goods', sent = '[]' WHERE step = 2")
    assert "→ [] is not in the table" in next(s7_path(books, "order", ORDER))
    rows.change(books, "order", """UPDATE saga_history SET sent = '["FetchGoods"]' WHERE step = 2""")
    assert list(s7_path(books, "order", ORDER)) == []
    rows.change(books, "order", "UPDATE saga_instances SET state = 'cancelled'")
    assert "by its history awaiting_goods" in next(s7_path(books, "order", ORDER))


def test_one_message_is_handled_once(books: Books) -> None:
    """S4: what it led to stands together in the history."""
    rows.order(books, "awaiting_goods", steps=3)
    rows.line(books, 1, "start", "awaiting_payment", "PlaceOrder", message="m1")
    rows.line(books, 2, "awaiting_payment", "awaiting_payment", "PaymentInClearing", message="m2")
    assert list(s4_said_once(books, "order", ORDER)) == []
    rows.line(books, 3, "awaiting_payment", "awaiting_goods", "PlaceOrder", message="m1")
    assert "handled twice" in next(s4_said_once(books, "order", ORDER))


def test_a_deadline_is_armed_for_its_time_and_fires_then(books: Books) -> None:
    """S8: armed too early, fired too early, fired though the state was left."""
    alarms = Alarms(books, lambda: time_of(rows.AT))
    rows.order(books, "awaiting_goods", steps=1)
    rows.line(books, 1, "awaiting_payment", "awaiting_goods", "PaymentReceived", message="m1")
    rows.deadline(books, "goods", 1, "2026-01-02 00:00:00.000000")
    assert "is due at" in next(alarms.s8_armed_in_time("order", "goods"))
    rows.change(books, "order", "DELETE FROM timers")
    rows.deadline(books, "goods", 1, rows.LATER)
    assert "begins anew" in next(alarms.s8_armed_in_time("order", "goods"))
    alarms.known.clear()
    assert list(alarms.s8_armed_in_time("order", "goods")) == []
    rows.line(books, 2, "awaiting_goods", "compensating", "goods: 2 days are over", message="goods")
    assert "before it was due" in next(alarms.s8_not_early_nor_stale("order", ORDER))
    rows.change(books, "order", "UPDATE saga_history SET at = ? WHERE step = 2", (rows.LATER,))
    assert list(alarms.s8_not_early_nor_stale("order", ORDER)) == []
    rows.change(books, "order", "UPDATE saga_history SET step = 3 WHERE step = 2")
    rows.line(books, 2, "awaiting_goods", "awaiting_shipment", "GoodsFetched", message="m2")
    assert "stale" in next(alarms.s8_not_early_nor_stale("order", ORDER))


def test_a_deadline_that_went_off_is_not_too_early_when_it_is_tried_again(books: Books) -> None:
    """S8: by a replica whose clock is behind that of the one that found it due."""
    alarms = Alarms(books, lambda: time_of(rows.AT))
    rows.order(books, "awaiting_goods", steps=1)
    rows.line(books, 1, "awaiting_payment", "awaiting_goods", "PaymentReceived", message="m1")
    rows.deadline(books, "goods", 1, rows.LATER)
    assert list(alarms.s8_armed_in_time("order", "goods")) == []
    alarms.went_off("goods")
    rows.line(books, 2, "awaiting_goods", "compensating", "goods: 2 days are over", message="goods")
    assert list(alarms.s8_not_early_nor_stale("order", ORDER)) == []


def test_nobody_waits_far_beyond_his_deadline(books: Books) -> None:
    """L1: two days for the goods, and a month."""
    rows.order(books, "awaiting_goods", steps=1)
    rows.line(books, 1, "awaiting_payment", "awaiting_goods", "PaymentReceived", message="m1")
    assert list(l1_in_time(books, time_of("2026-02-02 00:00:00"))) == []
    assert "is awaiting_goods since" in next(l1_in_time(books, time_of("2026-02-02 00:00:01")))


def test_messages_are_followed_from_saying_to_handling(books: Books) -> None:
    """S5 handled but never said, S4 handled twice, Q3 said and never handled, Q3 a dead letter without an excuse."""
    deliveries = Deliveries(books, {"payment.refund-payment.v1": ["payment"]})
    assert "nobody has committed" in next(deliveries.s5_no_ghost("payment", "m1"))
    deliveries.say("m1", "payment.refund-payment.v1")
    assert list(deliveries.s5_no_ghost("payment", "m1")) == []
    assert "has not reached payment" in next(deliveries.q3_no_zombie())
    assert list(deliveries.s4_handled_once("payment", "m1")) == []
    assert list(deliveries.q3_no_zombie()) == []
    assert "twice" in next(deliveries.s4_handled_once("payment", "m1"))
    rows.said(books, "order", "m1", "payment.refund-payment.v1", {})
    deliveries.note_outbox("order", "m1")
    assert "of an earlier one" in next(deliveries.s4_id_of_its_own("order", "m1"))
    write(books, "payment", "dead_letters", message_id="m2", headers={}, status="retrying", cause="KeyError")
    assert "KeyError" in next(deliveries.q3_cause("payment", "m2"))


def test_what_operators_do_is_on_record(books: Books) -> None:
    """S9: an action without an author, and one that was done and is not there."""
    audit = Audit(books)
    write(books, "order", "operator_actions", action_id="a1", action="timer.fire", author="", reason="why not")
    assert "why not" in next(audit.s9_recorded("order", "a1"))
    audit.done["order", "it was time"] = "olga"
    assert "nothing is recorded" in next(audit.s9_not_forgotten())


def test_the_rows_at_fault_are_shown(books: Books) -> None:
    """From every database, by the order's id."""
    rows.order(books, "completed")
    paid(books)
    shown = "\n".join(rows_about(books, ORDER))
    for table in ("order.saga_instances", "payment.ledger_entries", "gateway.charges"):
        assert table in shown
