"""A durable transport in a database: the embedded default, and for teams with a database and no broker.

Deliveries are leased. What is not acknowledged when its lease is over is delivered again, whoever held it; a lease's
token tells a late acknowledgement from a timely one.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from bus.activity import Activity
from bus.database import Database
from bus.envelope import Envelope
from bus.errors import Unavailable, Unroutable
from bus.group_commit import GroupCommit
from bus.transport import Binding, Delivery
from bus.transports.listening import Listening, notify
from bus.upsert import insert_ignore

LEASE_SECONDS = 5.0
POLL_SECONDS = 1.0  # for leases that are over, and, on SQLite, for what other processes published

metadata = sa.MetaData()
bindings = sa.Table(
    "bindings",
    metadata,
    sa.Column("queue", sa.Text, primary_key=True),
    sa.Column("wire_name", sa.Text, primary_key=True, index=True),
)
messages = sa.Table(
    "messages",
    metadata,
    sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("queue", sa.Text, nullable=False),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("headers", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("lease_until", sa.Double, nullable=False),  # machine time; 0 while nobody holds it
    sa.Column("lease", sa.Text, nullable=True),  # the token of who holds it
    sa.Index("messages_by_queue", "queue", "sequence"),
)


@dataclass(eq=False)
class Request:
    """One thing to do in the next transaction."""

    run: Callable[[sa.Connection], Any]
    result: Any = field(default=None, init=False)


@dataclass(frozen=True)
class Tag:
    sequence: int
    lease: str
    message_id: str


class SqlTransport:
    """Publishes, leases and acknowledgements that arrive while a transaction runs share the next one."""

    def __init__(self, database: Database, machine: Callable[[], float], activity: Activity) -> None:
        self._database = database
        self._machine = machine
        self._activity = activity
        self._group = GroupCommit("bus", self._commit)
        self._arrived: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._listening = self._listening_to(database.engine)

    async def declare(self, queue: str, wanted: Sequence[Binding]) -> None:
        """Adds what is missing. What this process does not want, another version of its service may."""
        rows = [{"queue": queue, "wire_name": name} for name in sorted({b.wire_name for b in wanted})]

        def add(connection: sa.Connection) -> None:
            if rows:
                connection.execute(insert_ignore(connection, bindings), rows)  # replicas declare the same
            if not self._activity.listens:
                return
            left_behind = connection.execute(sa.select(messages.c.message_id).where(messages.c.queue == queue))
            self._activity.begin(key_of(queue, message_id) for message_id in left_behind.scalars())

        await self._do(add)

    async def publish(self, batch: Sequence[Envelope]) -> list[Exception | None]:
        verdicts, rows = await self._do(lambda connection: self._store(connection, batch))
        for queue in {row["queue"] for row in rows}:
            self._arrived[queue].set()
        found: list[Exception | None] = verdicts
        return found

    async def receive(self, queue: str, limit: int) -> list[Delivery]:
        if self._listening is not None:
            self._listening.start()
        while True:
            self._arrived[queue].clear()
            found: list[Delivery] = await self._do(lambda connection: self._lease(connection, queue, limit))
            if found:
                return found
            try:
                async with asyncio.timeout(POLL_SECONDS):  # `wait_for` swallows a cancellation that comes with it
                    await self._arrived[queue].wait()
            except TimeoutError:
                pass

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            done = await self._do(lambda connection: held(connection, deliveries, sa.delete(messages)))
            self._activity.end(key_of(row.queue, row.message_id) for row in done)

    async def nack(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            await self._do(lambda connection: self._free(connection, deliveries))
            for delivery in deliveries:
                self._arrived[delivery.queue].set()

    async def check(self) -> None:
        await self._do(lambda connection: connection.execute(sa.select(1)))

    async def close(self) -> None:
        if self._listening is not None:
            await self._listening.close()
        await self._group.close()

    def _listening_to(self, engine: sa.Engine) -> Listening | None:
        if engine.dialect.name != "postgresql":
            return None
        return Listening(engine.url, lambda queue: self._arrived[queue].set(), self._wake_all)

    def _wake_others(self, connection: sa.Connection, queues: Iterable[str]) -> None:
        if self._listening is not None:
            notify(connection, queues)

    def _wake_all(self) -> None:
        for arrived in self._arrived.values():
            arrived.set()

    async def _do(self, run: Callable[[sa.Connection], Any]) -> Any:
        request = Request(run)
        try:
            await self._group.submit([request])
        except sa.exc.SQLAlchemyError as error:
            raise Unavailable(str(error)) from error
        return request.result

    def _commit(self, requests: list[Request]) -> None:
        with self._database.transaction() as connection:
            for request in requests:
                request.result = request.run(connection)

    def _store(self, connection: sa.Connection, batch: Sequence[Envelope]) -> tuple[list[Any], list[dict[str, Any]]]:
        wanted = sa.select(bindings).where(bindings.c.wire_name.in_({envelope.type for envelope in batch}))
        queues: defaultdict[str, list[str]] = defaultdict(list)
        for row in connection.execute(wanted):
            queues[row.wire_name].append(row.queue)
        rows = [row_of(envelope, queue) for envelope in batch for queue in queues[envelope.type]]
        if rows:
            self._activity.begin(key_of(row["queue"], row["message_id"]) for row in rows)
            connection.execute(sa.insert(messages), rows)
            self._wake_others(connection, {row["queue"] for row in rows})
        return [verdict(envelope, queues[envelope.type]) for envelope in batch], rows

    def _free(self, connection: sa.Connection, deliveries: Sequence[Delivery]) -> None:
        held(connection, deliveries, sa.update(messages).values(lease=None, lease_until=0.0))
        self._wake_others(connection, {delivery.queue for delivery in deliveries})

    def _lease(self, connection: sa.Connection, queue: str, limit: int) -> list[Delivery]:
        now, lease = self._machine(), str(uuid4())
        free = (
            sa.select(messages.c.sequence)
            .where(messages.c.queue == queue, messages.c.lease_until <= now)
            .order_by(messages.c.sequence)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("free")  # evaluated once; a subquery might be evaluated again and again, and take more
        )
        take = (
            sa.update(messages)
            .where(messages.c.sequence.in_(sa.select(free.c.sequence)))
            .values(lease=lease, lease_until=now + LEASE_SECONDS)
            .returning(messages.c.sequence, messages.c.message_id, messages.c.headers, messages.c.body)
        )
        rows = sorted(connection.execute(take), key=lambda row: row.sequence)
        return [
            Delivery(queue, json.loads(row.headers), row.body, Tag(row.sequence, lease, row.message_id)) for row in rows
        ]


def row_of(envelope: Envelope, queue: str) -> dict[str, Any]:
    return {"queue": queue, "message_id": envelope.id, **envelope.to_row(), "lease_until": 0.0, "lease": None}


def verdict(envelope: Envelope, queues: Sequence[str]) -> Exception | None:
    if envelope.command and not queues:
        return Unroutable.of(envelope.type)
    return None


def held(connection: sa.Connection, deliveries: Iterable[Delivery], change: Any) -> list[Any]:
    """Apply `change` to those whose lease is still the delivery's."""
    by_lease: defaultdict[str, list[int]] = defaultdict(list)
    for delivery in deliveries:
        by_lease[delivery.tag.lease].append(delivery.tag.sequence)
    rows: list[Any] = []
    for lease, sequences in by_lease.items():
        mine = change.where(messages.c.lease == lease, messages.c.sequence.in_(sequences))
        rows += connection.execute(mine.returning(messages.c.queue, messages.c.message_id)).all()
    return rows


def key_of(queue: str, message_id: str) -> str:
    return f"in {queue} {message_id}"
