"""The gateway's own books, by idempotency key. Whatever is answered was committed before."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bus.database import Database, UtcDateTime
from bus.envelope import rfc3339
from bus.errors import Refused, Unavailable
from bus.group_commit import GroupCommit
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

ONCE_MORE = sa.text("""
    INSERT INTO requests AS earlier (kind, key, count) VALUES (:kind, :key, 1)
    ON CONFLICT (kind, key) DO UPDATE SET count = earlier.count + 1 RETURNING count
""")

Row = dict[str, Any]


class Unreachable(Exception):
    """Nobody was there: nothing was done."""


class AnswerLost(Exception):
    """It was done, but the caller does not get to hear of it."""


Answer = Row | Exception  # an exception is for the caller: what was counted and booked stays
Do = Callable[[sa.Connection], Answer]


@dataclass(eq=False)
class Call:
    do: Do
    answer: Answer | None = None


class Ledger:
    """Calls that come while others are being committed share the next commit. Each is answered after its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._group = GroupCommit("gateway", self._commit)

    async def charge(self, request: ChargeRequest, at: datetime) -> Row:
        """Once per key; the same key again gets the same answer. Raises Unreachable, AnswerLost, Refused."""
        return await self._call(lambda connection: charge(connection, request, at))

    async def ask(self, key: str) -> Row:
        """What became of a charge. Raises Refused with status 404 if there was none."""
        return await self._call(lambda connection: ask(connection, key))

    async def refund(self, request: RefundRequest, at: datetime) -> Row:
        """Once per key; the same key again gets the same answer. Raises Refused if the charge has not as much left."""
        return await self._call(lambda connection: refund(connection, request, at))

    async def contents(self) -> Row:
        """Charges and refunds, oldest first, and how many calls there were."""
        return await self._call(contents)

    async def _call(self, do: Do) -> Row:
        call = Call(do)
        await self._group.submit([call])
        assert call.answer is not None
        if isinstance(call.answer, Exception):
            raise call.answer
        return call.answer

    def _commit(self, calls: list[Call]) -> None:
        """In the group's one thread. What fails together is done again one by one: a failure is its own call's."""
        try:
            with self._database.transaction() as connection:
                answers = [call.do(connection) for call in calls]
        except Unavailable as error:
            answers = [error] * len(calls)
        except Exception as error:
            if len(calls) > 1:
                for call in calls:
                    self._commit([call])
                return
            answers = [error]
        for call, answer in zip(calls, answers, strict=True):
            call.answer = answer


# --- what is asked for, within a transaction


def charge(connection: sa.Connection, request: ChargeRequest, at: datetime) -> Answer:
    behaviour = behaviour_of(request.token)
    wish = {**flat(request), "declined": behaviour.declined}
    calls = count(connection, "charge", request.key)
    row = find(connection, charges, request.key) if calls > 1 else None
    if row is None and calls <= behaviour.unreachable:
        return Unreachable()
    row = row or insert(connection, charges, {**wish, "at": at})
    if used_otherwise(row, wish):
        return other_body(row)
    return AnswerLost() if calls <= behaviour.lost_answers else charge_shown(row)


def ask(connection: sa.Connection, key: str) -> Answer:
    count(connection, "ask", key)
    row = find(connection, charges, key)
    return Refused(f"there is no charge {key!r}", 404) if row is None else charge_shown(row)


def refund(connection: sa.Connection, request: RefundRequest, at: datetime) -> Answer:
    wish = flat(request)
    calls = count(connection, "refund", request.key)
    row = find(connection, refunds, request.key) if calls > 1 else None
    if row is None:
        refusal = refusal_of(connection, request)
        if refusal is not None:
            return Refused(refusal)
        row = insert(connection, refunds, {**wish, "at": at})
    return other_body(row) if used_otherwise(row, wish) else shown(row)


def contents(connection: sa.Connection) -> Row:
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


def count(connection: sa.Connection, kind: str, key: str) -> int:
    """Returns how many calls of this kind there were for the key, this one included."""
    calls: int = connection.execute(ONCE_MORE, {"kind": kind, "key": key}).scalar_one()
    return calls


def find(connection: sa.Connection, table: sa.Table, key: str) -> Row | None:
    row = connection.execute(sa.select(table).where(table.c.key == key).with_for_update()).first()
    return None if row is None else dict(row._mapping)


def insert(connection: sa.Connection, table: sa.Table, row: Row) -> Row:
    connection.execute(sa.insert(table), row)
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


def used_otherwise(row: Row, wish: Row) -> bool:
    return any(row[name] != value for name, value in wish.items())


def other_body(row: Row) -> Refused:
    return Refused(f"the key {row['key']!r} was used with another body")


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
