"""The gateway's tables, and what is read and written of them in one transaction."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from bus.database import UtcDateTime
from bus.upsert import insert_or_change
from bus.writes import Writes

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
Request = tuple[str, str]  # kind, key


class Books:
    """What is booked is gathered, and written at once: before anything is looked up, and in the end."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._writes = Writes(connection)

    def count(self, asked: Sequence[Request]) -> dict[Request, int]:
        """How many requests there were of each kind and key, these included. No two of them may be the same."""
        if not asked:
            return {}
        once_more = insert_or_change(self._connection, requests, count=requests.c.count + 1)
        rows = [{"kind": kind, "key": key, "count": 1} for kind, key in sorted(asked)]
        counted = self._connection.execute(once_more.returning(requests.c.kind, requests.c.key, requests.c.count), rows)
        return {(kind, key): number for kind, key, number in counted}

    def find(self, table: sa.Table, key: str) -> Row | None:
        self.flush()
        row = self._connection.execute(sa.select(table).where(table.c.key == key).with_for_update()).first()
        return None if row is None else dict(row._mapping)

    def book(self, table: sa.Table, row: Row) -> Row:
        self._writes.insert(table, [row])
        return row

    def refunded(self, charge_key: str) -> int:
        """How much of a charge was given back."""
        self.flush()
        query = sa.select(sa.func.sum(refunds.c.amount)).where(refunds.c.charge_key == charge_key)
        return int(self._connection.execute(query).scalar() or 0)

    def all_charges(self) -> list[Row]:
        """Those that were not declined, oldest first."""
        return self._all(sa.select(charges).where(charges.c.declined.is_(None)), charges)

    def all_refunds(self) -> list[Row]:
        return self._all(sa.select(refunds), refunds)

    def number_of_requests(self) -> int:
        query = sa.select(sa.func.coalesce(sa.func.sum(requests.c.count), 0))
        return int(self._connection.execute(query).scalar_one())

    def flush(self) -> None:
        self._writes.flush()

    def _all(self, query: sa.Select[Any], table: sa.Table) -> list[Row]:
        self.flush()
        return [dict(row._mapping) for row in self._connection.execute(query.order_by(table.c.at, table.c.key))]
