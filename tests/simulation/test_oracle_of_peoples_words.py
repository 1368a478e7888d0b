"""Which card was given, who was to attend to what, and what was heard: each slip is found."""

import pytest

from minuet.simulation.oracle.audit import Audit
from minuet.simulation.oracle.books import Books, time_of
from minuet.simulation.oracle.cards import Cards
from minuet.simulation.oracle.delivery import Deliveries
from minuet.simulation.oracle.heard import Heard
from minuet.simulation.oracle.violation import Violation
from minuet.simulation.oracle.watch import Oracle
from tests.simulation import rows
from tests.simulation.rows import ORDER, write

PAYMENT = f"{ORDER}/1"


@pytest.fixture
def books() -> Books:
    return rows.empty_books()


@pytest.fixture
def cards(books: Books) -> Cards:
    """Of an order that was placed with tok_ok, and is to be paid with it."""
    found = Cards(books, given={ORDER: "tok_ok"})
    rows.order(books, "awaiting_payment")
    assert list(found.s1_card_of_order(ORDER)) == []
    return found


def paying(books: Books, token: str, card: int = 1) -> None:
    key = {"instance_id": PAYMENT, "subject": ORDER, "flow": "payment", "revision": 1, "state": "charging"}
    write(books, "payment", "saga_instances", **key, data={"card": card, "card_token": token}, undos=[])


def charged(books: Books, token: str, card: int = 1) -> None:
    key = {"key": f"{PAYMENT}/{card}", "reference": ORDER, "amount": 100, "declined": None}
    write(books, "gateway", "charges", **key, token=token)


def test_the_card_that_was_given_is_charged(books: Books, cards: Cards) -> None:
    paying(books, "tok_ok")
    charged(books, "tok_ok")
    assert list(cards.s1_card_charged(ORDER)) == []


def test_an_order_is_to_be_paid_with_another_card(books: Books, cards: Cards) -> None:
    """S1: than its customer gave; and than it was to be paid with a moment ago."""
    rows.change(books, "order", "UPDATE saga_instances SET data = replace(data, 'tok_ok', 'tok_2')")
    assert "was placed with tok_ok" in next(cards.s1_card_of_order(ORDER))
    cards.given.clear()
    assert "was to be paid with another card" in next(cards.s1_card_of_order(ORDER))


def test_a_payment_was_given_another_card_than_the_order_has(books: Books, cards: Cards) -> None:
    """S1."""
    paying(books, "tok_2")
    assert "was given tok_ok" in next(cards.s1_card_charged(ORDER))


def test_another_card_is_charged_than_the_payments(books: Books, cards: Cards) -> None:
    """S1."""
    paying(books, "tok_ok")
    charged(books, "tok_2")
    assert "was to be charged to tok_ok" in next(cards.s1_card_charged(ORDER))


def test_a_late_charge_of_the_first_card_is_not_the_second_ones(books: Books, cards: Cards) -> None:
    """S1."""
    paying(books, "tok_ok")
    assert list(cards.s1_card_charged(ORDER)) == []
    rows.change(books, "payment", """UPDATE saga_instances SET data = '{"card": 2, "card_token": "tok_2"}'""")
    charged(books, "tok_ok", card=1)
    assert list(cards.s1_card_charged(ORDER)) == []
    charged(books, "tok_ok", card=2)
    assert "was to be charged to tok_2" in next(cards.s1_card_charged(ORDER))


def test_whoever_attends_to_an_order_does(books: Books) -> None:
    """S9: the history says so, too."""
    audit, done = Audit(books), {"author": "olga", "reason": "why"}
    rows.order(books, "needs_attention/compensating")
    write(books, "order", "operator_actions", action_id="a", action="order.retry", target=ORDER, **done)
    assert "went on as before" in next(audit.s9_attended("order", "a"))
    rows.line(books, 1, "needs_attention/compensating", "compensating", "RetryOrder", message="m")
    rows.change(books, "order", "UPDATE saga_history SET author = 'olga', reason = 'why'")
    assert list(audit.s9_attended("order", "a")) == []


@pytest.mark.parametrize(
    ("attempt", "state", "wire_name", "found"),
    [
        (1, "awaiting_payment", "payment.payment-received.v1", True),
        (1, "awaiting_payment", "payment.payment-failed.v1", True),
        (1, "withdrawing_payment/customer", "payment.payment-cancelled.v1", True),
        (1, "awaiting_goods", "payment.payment-received.v1", False),
        (2, "awaiting_payment", "payment.payment-failed.v1", False),  # of another attempt
    ],
)
def test_what_became_of_a_payment_is_heeded(
    books: Books, attempt: int, state: str, wire_name: str, found: bool
) -> None:
    """S7: by an order that waits for that."""
    deliveries = Deliveries(books, {})
    heard = Heard(books, deliveries)
    deliveries.say("m1", wire_name, ORDER, attempt)
    rows.order(books, state)
    heard.seen("order", ORDER)
    assert bool(list(heard.s7_heeded("order", "m1"))) == found


def test_what_cannot_be_read_is_a_violation(books: Books) -> None:
    """Of what was asked about it, and no bug of the oracle's that ends the run."""
    found: list[Violation] = []
    oracle = Oracle(books, {}, lambda: time_of(rows.AT), found.append)
    rows.order(books, "awaiting_payment")
    books.databases["order"].execute("UPDATE saga_instances SET state = 'nowhere'")
    oracle.committed("order")
    assert any("makes nothing of it" in violation.found for violation in found)
