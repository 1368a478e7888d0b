"""The gateway's own books, by idempotency key. Whatever is answered was committed before."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bus.database import Database, UtcDateTime
from bus.envelope import rfc3339
from bus.errors import Refused
from sandbox_gateway.requests import ChargeRequest, RefundRequest
from sandbox_gateway.tokens import behaviour_of

metadata = sa.MetaData()

charges = sa.Table(
    "charges",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("token", sa.Text, nullable=False),
    sa.Column("declined", sa.Text, nullable=True),  # the reason; null: charged
    sa.Column("at", UtcDateTime, nullable=False),
)
refunds = sa.Table(
    "refunds",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("charge_key", sa.Text, sa.ForeignKey("charges.key"), nullable=False, index=True),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)
requests = sa.Table(
    "requests",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),  # charge | refund | ask
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
)

Row = dict[str, Any]


class Unreachable(Exception):
    """Nobody was there: nothing was done."""


class AnswerLost(Exception):
    """It was done, but the caller does not get to hear of it."""


class Ledger:
    """One call at a time, in whatever thread: SQLite has one writer, and to queue for it beats polling for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()

    def charge(self, request: ChargeRequest, at: datetime) -> Row:
        """Once per key; the same key again gets the same answer. Raises Unreachable, AnswerLost, Refused."""
        behaviour = behaviour_of(request.token)
        wish = {**flat(request), "declined": behaviour.declined}
        with self._transaction() as connection:
            calls = count(connection, "charge", request.key)
            row = find(connection, charges, request.key)
            if row is None and calls > behaviour.unreachable:
                row = insert(connection, charges, {**wish, "at": at})
        if row is None:
            raise Unreachable
        check_same(row, wish)
        if calls <= behaviour.lost_answers:
            raise AnswerLost
        return charge_shown(row)

    def ask(self, key: str) -> Row:
        """What became of a charge. Raises Refused with status 404 if there was none."""
        with self._transaction() as connection:
            count(connection, "ask", key)
            row = find(connection, charges, key)
        if row is None:
            raise Refused(f"there is no charge {key!r}", 404)
        return charge_shown(row)

    def refund(self, request: RefundRequest, at: datetime) -> Row:
        """Once per key; the same key again gets the same answer. Raises Refused if the charge has not as much left."""
        wish = flat(request)
        with self._transaction() as connection:
            count(connection, "refund", request.key)
            row = find(connection, refunds, request.key)
            refusal = refusal_of(connection, request) if row is None else None
            if row is None and refusal is None:
                row = insert(connection, refunds, {**wish, "at": at})
        if row is None:
            raise Refused(refusal or "")
        check_same(row, wish)
        return shown(row)

    def contents(self) -> Row:
        """Charges and refunds, oldest first, and how many calls there were."""
        with self._transaction() as connection:
            charged = connection.execute(
                sa.select(charges).where(charges.c.declined.is_(None)).order_by(charges.c.at, charges.c.key)
            )
            refunded = connection.execute(sa.select(refunds).order_by(refunds.c.at, refunds.c.key))
            calls = connection.execute(sa.select(sa.func.coalesce(sa.func.sum(requests.c.count), 0))).scalar_one()
            return {
                "charges": [shown(dict(row._mapping)) for row in charged],
                "refunds": [shown(dict(row._mapping)) for row in refunded],
                "requests": int(calls),
            }

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        with self._lock, self._database.transaction() as connection:
            yield connection


def count(connection: sa.Connection, kind: str, key: str) -> int:
    """Returns how many calls of this kind there were for the key, this one included."""
    same = (requests.c.kind == kind) & (requests.c.key == key)
    more = sa.update(requests).where(same).values(count=requests.c.count + 1).returning(requests.c.count)
    calls: int | None = connection.execute(more).scalar()
    if calls is None:
        connection.execute(sa.insert(requests).values(kind=kind, key=key, count=1))
    return calls or 1


def find(connection: sa.Connection, table: sa.Table, key: str) -> Row | None:
    row = connection.execute(sa.select(table).where(table.c.key == key).with_for_update()).first()
    return None if row is None else dict(row._mapping)


def insert(connection: sa.Connection, table: sa.Table, row: Row) -> Row:
    connection.execute(sa.insert(table).values(row))
    return row


def refusal_of(connection: sa.Connection, request: RefundRequest) -> str | None:
    """Why this cannot be given back, if so."""
    charge = find(connection, charges, request.charge_key)
    if charge is None or charge["declined"] is not None:
        return f"nothing was charged under {request.charge_key!r}"
    if charge["currency"] != request.amount.currency:
        return f"the charge is in {charge['currency']}, not in {request.amount.currency}"
    earlier = sa.select(sa.func.sum(refunds.c.amount)).where(refunds.c.charge_key == request.charge_key)
    left = charge["amount"] - int(connection.execute(earlier).scalar() or 0)
    return f"more than what is left of the charge: {left}" if request.amount.amount > left else None


def check_same(row: Row, wish: Row) -> None:
    """Raises Refused if the key was used for something else."""
    if any(row[name] != value for name, value in wish.items()):
        raise Refused(f"the key {row['key']!r} was used with another body")


def flat(request: ChargeRequest | RefundRequest) -> Row:
    """As it is stored."""
    return {**request.model_dump(exclude={"amount"}), **request.amount.model_dump()}


def charge_shown(row: Row) -> Row:
    declined = row["declined"]
    return {**shown(row), "status": "charged" if declined is None else "declined", "reason": declined}


def shown(row: Row) -> Row:
    """A charge or a refund, as callers see it: no card's token is among it."""
    amount = {"amount": row["amount"], "currency": row["currency"]}
    seen: Row = {name: row[name] for name in ("key", "charge_key", "reference") if name in row}
    return {**seen, "amount": amount, "at": rfc3339(row["at"])}
