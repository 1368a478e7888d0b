"""What services note on the way, what they do with letters, deadlines and cases: each slip is found."""

from typing import Any

import pytest

from minuet.simulation.oracle.alarms import Alarm, Alarms
from minuet.simulation.oracle.books import Books, time_of
from minuet.simulation.oracle.clearing import Clearing
from minuet.simulation.oracle.decided import Decisions
from minuet.simulation.oracle.delivery import Deliveries
from minuet.simulation.oracle.ends import l1_parcels_ended
from minuet.simulation.oracle.goods import s2_missing
from minuet.simulation.oracle.heard import Heard
from minuet.simulation.oracle.letters import Letters
from minuet.simulation.oracle.noted import s7_noted_down
from minuet.simulation.oracle.undoing import q4_nothing_left_to_undo, q4_undone_again
from tests.simulation import rows
from tests.simulation.rows import AT, LATER, ORDER, write

PAYMENT = f"{ORDER}/1"
MISSING = "UPDATE reservations SET missing = ?"


@pytest.fixture
def books() -> Books:
    return rows.empty_books()


def noting(books: Books, state: str, **facts: Any) -> None:
    """An order that was placed, in clearing, and paid."""
    data = {"attempt": 1, "in_clearing": False, "reason": "", "price_fixed_at": f"{AT}Z", "customer": {"id": "c-1"}}
    data |= {"items": [{"sku": "CUP", "quantity": 2}], **facts}
    key = {"instance_id": ORDER, "subject": ORDER, "flow": "order", "revision": 1, "steps": 3, "generation": 2}
    write(books, "order", "saga_instances", **key, state=state, data=data, undos=[])
    rows.line(books, 1, "start", "awaiting_payment", "PlaceOrder", message="m1")
    rows.line(books, 2, "awaiting_payment", "awaiting_payment", "PaymentInClearing", message="m2")
    rows.line(books, 3, "awaiting_payment", "awaiting_goods", "PaymentReceived", message="m3")


@pytest.mark.parametrize(
    ("state", "facts", "found"),
    [
        ("awaiting_goods", {}, ""),
        ("awaiting_goods", {"in_clearing": True}, "in clearing"),
        ("awaiting_goods", {"price_fixed_at": "2025-01-01T00:00:00Z"}, "fixed at"),
        ("completed", {"reason": "cancelled by the customer"}, "is completed, though"),
        ("cancelled", {}, "nobody knows why"),
        ("needs_attention/awaiting_goods", {}, "nobody knows why"),
        ("awaiting_goods", {"reason": "cancelled by the customer"}, "who has not cancelled it"),
    ],
)
def test_an_order_says_what_it_went_through(books: Books, state: str, facts: dict[str, Any], found: str) -> None:
    """S7."""
    noting(books, state, **facts)
    assert found in next(s7_noted_down(books, "order", ORDER), "")
    assert bool([*s7_noted_down(books, "order", ORDER)]) == bool(found)


def test_what_nobody_confirms_is_undone_again(books: Books) -> None:
    """Q4: after a day, and when an operator says so; and nothing of it is left once goods have gone out."""
    noting(books, "needs_attention/compensating")
    rows.knows(books, ("ReleaseGoods", None, "sent"))
    rows.line(books, 4, "compensating", "needs_attention/compensating", "compensation: a day is over", message="m4")
    assert "is not sent again" in next(q4_undone_again(books, "order", ORDER))
    rows.change(books, "order", """UPDATE saga_history SET sent = '["ReleaseGoods"]' WHERE step = 4""")
    books.forget("order", [ORDER])
    assert list(q4_undone_again(books, "order", ORDER)) == list(q4_nothing_left_to_undo(books, "order", ORDER)) == []
    rows.change(books, "order", "UPDATE saga_instances SET state = 'completed'")
    books.forget("order", [ORDER])
    assert "ReleaseGoods is sent" in next(q4_nothing_left_to_undo(books, "order", ORDER))


def letter(books: Books, **columns: Any) -> None:
    row = {"message_id": "m", "letter_id": "l", "headers": {"ce-type": "t"}, "body": {}, "status": "parked"}
    write(books, "order", "dead_letters", **{**row, "first_at": 1.0, **columns})


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE dead_letters SET status = 'retrying'", ""),
        ("UPDATE dead_letters SET first_at = 2.0", "and is"),
        ("UPDATE dead_letters SET status = 'retrying', next_attempt_at = NULL", "nobody knows when"),
        ("UPDATE dead_letters SET body = '[]'", "and is"),
        ("DELETE FROM dead_letters", "vanished"),
        ("UPDATE timers SET timer_id = 'm'", "still to come"),
    ],
)
def test_letters_are_kept_as_they_came(books: Books, change: str, found: str) -> None:
    """Q3."""
    letters = Letters(books)
    letter(books)
    rows.deadline(books, "another", 1, AT)
    assert list(letters.q3_kept("order", "m")) == []
    rows.change(books, "order", change)
    noticed = list(letters.q3_kept("order", "m"))
    assert found in "".join(noticed)
    assert bool(noticed) == bool(found)


def test_what_was_given_up_stays_so(books: Books) -> None:
    """Q3 and S9."""
    letters = Letters(books)
    write(books, "order", "operator_actions", action_id="a", action="dead-letter.discard", target="l")
    letter(books)
    assert "is parked" in next(letters.s9_done("order", "a"))
    rows.change(books, "order", "UPDATE dead_letters SET status = 'discarded'")
    assert list(letters.s9_done("order", "a")) == list(letters.q3_kept("order", "m")) == []
    rows.change(books, "order", "UPDATE dead_letters SET status = 'parked'")
    assert "was given up" in next(letters.q3_kept("order", "m"))
    rows.change(books, "order", "UPDATE operator_actions SET action = 'dead-letter.redrive'")
    assert "is parked" in next(letters.s9_done("order", "a"))
    rows.change(books, "order", "UPDATE dead_letters SET status = 'retrying'")
    assert list(letters.s9_done("order", "a")) == []


def test_what_operators_do_with_deadlines_is_done(books: Books) -> None:
    """S9."""
    alarms = Alarms(books, lambda: time_of(AT))
    alarms.known["t"] = Alarm(ORDER, time_of(AT), 1)
    rows.deadline(books, "t", 1, AT)
    for action in ("cancel", "postpone"):
        done = {"action": f"timer.{action}", "target": "t", "detail": "'d', now at 2030-01-01T00:00:00.000000Z"}
        write(books, "order", "operator_actions", action_id=action, **done)
    assert "was cancelled" in next(alarms.s9_rescheduled("order", "cancel"))
    alarms.moved("order", "t")
    assert "was postponed" in next(alarms.s9_rescheduled("order", "postpone"))
    rows.change(books, "order", "UPDATE timers SET due_at = '2030-01-01 00:00:00.000000'")
    alarms.moved("order", "t")
    assert list(alarms.s9_rescheduled("order", "postpone")) == []
    rows.change(books, "order", "UPDATE timers SET due_at = '2031-01-01 00:00:00.000000'")
    alarms.moved("order", "t")
    assert "on record is" in next(alarms.s9_rescheduled("order", "postpone"))


def test_only_operators_move_deadlines(books: Books) -> None:
    """S9."""
    alarms = Alarms(books, lambda: time_of(AT))
    alarms.known["t"] = Alarm(ORDER, time_of(AT), 1)
    rows.deadline(books, "t", 1, AT)
    alarms.moved("order", "t")
    assert list(alarms.s9_moved_by("order", frozenset(), "t")) == []
    rows.change(books, "order", "UPDATE timers SET due_at = '2030-01-01 00:00:00.000000'")
    alarms.moved("order", "t")
    assert "and is at 2030" in next(alarms.s9_moved_by("order", frozenset(), "t"))
    write(books, "order", "operator_actions", action_id="a", action="timer.postpone", target="t")
    assert list(alarms.s9_moved_by("order", frozenset("a"), "t")) == []


def test_deadlines_go_on_in_another_variant(books: Books) -> None:
    """S8."""
    alarms = Alarms(books, lambda: time_of(AT))
    noting(books, "withdrawing_payment/customer")
    alarms.entered["order", ORDER] = 1, 3
    rows.line(books, 4, "withdrawing_payment/price", "withdrawing_payment/customer", "CancelOrder", message="m4")
    assert "begin anew" in next(alarms.s8_goes_on("order", ORDER))
    alarms.entered["order", ORDER] = 2, 3
    assert list(alarms.s8_goes_on("order", ORDER)) == []


@pytest.mark.parametrize(
    ("because", "columns", "found"),
    [
        ("GiveUpCase", {"outcome": "gave_up", "closed_at": AT, "agent": "ann"}, ""),
        ("GiveUpCase", {"outcome": "new_card", "closed_at": AT, "agent": "ann"}, "closed like this"),
        ("GiveUpCase", {"outcome": "gave_up", "closed_at": None, "agent": "ann"}, "closed like this"),
        ("GiveUpCase", {"outcome": "gave_up", "closed_at": LATER, "agent": "ann"}, "closed like this"),
        ("GiveUpCase", {"outcome": "gave_up", "closed_at": AT, "agent": "ann", "note": "another"}, "closed like this"),
        ("GiveUpCase", {"outcome": "gave_up", "closed_at": AT, "agent": None}, "nobody did that"),
        ("GiveUpCase", {"outcome": "gave_up", "closed_at": AT, "agent": "ann", "note": "n"}, "n was new_card"),
    ],
)
def test_a_case_is_closed_for_what_was_done(books: Books, because: str, columns: dict[str, Any], found: str) -> None:
    """S9."""
    clearing = Clearing(books, outcomes={"n": "new_card"})
    key = {"instance_id": PAYMENT, "flow": "payment"}
    write(books, "payment", "saga_instances", **key, subject=ORDER, revision=1, state="failed", data={}, undos=[])
    move = {"from_state": "in_clearing", "to_state": "failed", "because": because, "sent": [], "message_id": "m"}
    why = "n" if columns.get("note") == "n" else ""
    write(books, "payment", "saga_history", **key, **move, step=1, at=AT, reason=why)
    write(
        books, "payment", "clearing_cases", **{"case_id": "c", "reference": ORDER, "attempt": 1, "note": "", **columns}
    )
    assert found in next(clearing.s9_closed_as_it_was(ORDER), "")
    assert bool([*clearing.s9_closed_as_it_was(ORDER)]) == bool(found)


def test_what_is_missing_is_not_there(books: Books) -> None:
    """S2."""
    noting(books, "awaiting_goods")
    rows.reservation(books, "unavailable", 0)
    rows.stock(books, 1, 0, 0, 1)
    rows.change(books, "inventory", MISSING, ['[{"sku": "CUP", "wanted": 2, "available": 1}]'])
    assert list(s2_missing(books, ORDER)) == []
    rows.change(books, "inventory", MISSING, ['[{"sku": "SAUCER", "wanted": 2, "available": 1}]'])
    assert "said to be missing is" in next(s2_missing(books, ORDER))
    rows.change(books, "inventory", "UPDATE stock SET on_hand = 2")
    assert "2} was ordered" in next(s2_missing(books, ORDER))


def test_who_names_no_attempt_means_the_latest(books: Books) -> None:
    """S7."""
    deliveries = Deliveries(books, {})
    heard = Heard(books, deliveries)
    deliveries.say("m1", "payment.cancel-payment.v1", ORDER)
    for attempt in (1, 2):
        key = {"instance_id": f"{ORDER}/{attempt}", "flow": "payment", "subject": ORDER, "revision": 1}
        write(books, "payment", "saga_instances", **key, state="cancelled", data={"attempt": attempt}, undos=[])
        heard.steps["payment", f"{ORDER}/{attempt}"] = 1
    move = {"flow": "payment", "step": 1, "because": "CancelPayment", "message_id": "m1", "sent": [], "at": AT}
    write(books, "payment", "saga_history", **move, instance_id=f"{ORDER}/2")
    assert list(heard.s7_latest("payment", "m1")) == []
    rows.change(books, "payment", f"UPDATE saga_history SET instance_id = '{ORDER}/1'")
    assert "was not the latest" in next(heard.s7_latest("payment", "m1"))


def test_what_becomes_of_a_parcel_is_said(books: Books) -> None:
    """S6: and that it came too late to cancel. L1: it does not lie about."""
    deliveries = Deliveries(books, {})
    rows.shipment(books, "pending")
    assert list(deliveries.s6_decision_told(ORDER)) == []
    assert "is pending for ever" in next(l1_parcels_ended(books))
    rows.change(books, "shipping", "UPDATE shipments SET state = 'shipped'")
    assert "goods-shipped" in next(deliveries.s6_decision_told(ORDER))
    deliveries.say("m1", "shipping.goods-shipped.v1", ORDER)
    assert list(deliveries.s6_decision_told(ORDER)) == list(l1_parcels_ended(books)) == []
    rows.change(books, "shipping", "UPDATE shipments SET cancel_wished = 1")
    assert "refused" in next(deliveries.s6_decision_told(ORDER))


def test_parcels_are_given_out_in_the_sequence_in_which_they_wait(books: Books) -> None:
    """S6."""
    decisions = Decisions(books)
    for name, since in (("o-1", 1.0), ("o-2", 2.0), ("o-3", 3.0)):
        write(books, "shipping", "shipments", reference=name, shipment_id=name, state="pending", queued_at=since)
        assert list(decisions.s6_first_come(frozenset(), name)) == []
    taken = frozenset({"o-1", "o-3"})
    rows.change(books, "shipping", "UPDATE shipments SET state = 'leased', queued_at = NULL WHERE reference != 'o-2'")
    assert list(decisions.s6_first_come(taken, "o-1")) == []
    assert "o-2 waits since 2.0" in next(decisions.s6_first_come(taken, "o-3"))
