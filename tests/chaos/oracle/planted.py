"""Bad rows, planted in a copy of good books: an oracle that has never caught anything proves nothing."""

import sqlite3
from collections.abc import Iterable, Mapping

from tests.chaos.oracle.invariant import Invariant, violations

PLANTED: Mapping[str, tuple[str, str]] = {  # what is wrong: the statement that makes it so, the invariant that says so
    "a refund twice": (
        """INSERT INTO gateway.refunds
           SELECT key || '/again', charge_key, reference, amount, currency, at FROM gateway.refunds LIMIT 1""",
        "S4",
    ),
    "a charge that nobody asked for": (
        """INSERT INTO gateway.charges
           SELECT 'nobody/1/1', 'nobody', amount, currency, token, NULL, at FROM gateway.charges LIMIT 1""",
        "S5",
    ),
    "a card that was charged, and nobody knows": (
        "DELETE FROM payment.ledger_entries WHERE posting_id LIKE 'charged:%'",
        "Q1",
    ),
    "half a posting": ("DELETE FROM payment.ledger_entries WHERE line = 2", "S1"),
    "goods neither released nor shipped": (
        """UPDATE inventory.reservations SET state = 'fetched'
           WHERE reference = (SELECT reference FROM inventory.reservations WHERE state = 'shipped' LIMIT 1)""",
        "Q2",
    ),
    "a cup from nowhere": ("UPDATE inventory.stock SET on_hand = on_hand + 1 WHERE sku = 'CUP'", "S2"),
    "a parcel without goods": ("UPDATE inventory.reservations SET state = 'released' WHERE state = 'shipped'", "S3"),
    "an outbox row that nobody has": (
        "INSERT INTO orders.noted_sayings VALUES ('lost', 'payment.refund-payment.v1', 'somebody')",
        "Q3",
    ),
    "a message that is heard and was not said": ("INSERT INTO payment.inbox VALUES ('forged', 0)", "S5"),
    "a message that was handled twice": (
        "INSERT INTO payment.noted_sayings SELECT * FROM payment.noted_sayings LIMIT 1",
        "S4",
    ),
    "an order that waits without a deadline": (
        """UPDATE orders.saga_instances SET state = 'awaiting_goods'
           WHERE instance_id = (SELECT instance_id FROM orders.saga_instances WHERE state = 'completed' LIMIT 1)""",
        "S6",
    ),
    "an order that waits for a person, who is not told why": (
        """UPDATE orders.saga_instances
           SET state = 'needs_attention/compensating', data = json_set(data, '$.reason', '')
           WHERE instance_id = (SELECT instance_id FROM orders.saga_instances WHERE state = 'completed' LIMIT 1)""",
        "S6",
    ),
    "a step that the history forgot": ("DELETE FROM orders.saga_history WHERE step = 2", "S7"),
    "a deadline that nobody set": (
        "UPDATE orders.saga_history SET because = '2 days goods are over' WHERE because = 'GoodsFetched'",
        "S8",
    ),
    "somebody did something": (
        "INSERT INTO orders.operator_actions VALUES ('a', 0, '', 'because', 'order.retry', 'order', '')",
        "S9",
    ),
    "a cancelled order whose money was kept": (
        "DELETE FROM payment.ledger_entries WHERE kind LIKE 'refunded%'",
        "Q4",
    ),
    "an order that a customer was promised": ("INSERT INTO accepted VALUES ('lost')", "L1"),
}


def missed(books: sqlite3.Connection, invariants: Iterable[Invariant]) -> list[str]:
    """The planted errors that nobody reports, each planted alone and taken back."""
    invariants = tuple(invariants)
    return [what for what, (statement, name) in PLANTED.items() if not caught(books, statement, name, invariants)]


def caught(books: sqlite3.Connection, statement: str, name: str, invariants: Iterable[Invariant]) -> bool:
    books.commit()
    try:
        books.execute(statement)
        return any(found.startswith(name) for found in violations(books, invariants))
    finally:
        books.rollback()
