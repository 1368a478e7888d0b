"""What tests put between a host and its database or its transport: it looks on, goes away, or dies at a given point."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Self

import sqlalchemy as sa

from bus.database import Database
from bus.envelope import Envelope
from bus.errors import Unavailable
from bus.transport import Binding, Delivery, Transport
from tests.bus.counter import tables


class Through:
    """Passes everything through, and remembers what was asked of it."""

    inner: Transport

    def __init__(self) -> None:
        self.away = False
        self.published: list[list[Envelope]] = []
        self.given_back: list[Delivery] = []

    def around(self, inner: Transport) -> Self:
        self.inner = inner
        return self

    async def declare(self, queue: str, bindings: Sequence[Binding]) -> None:
        await self.inner.declare(queue, bindings)

    async def publish(self, batch: Sequence[Envelope]) -> list[Exception | None]:
        self.published.append(list(batch))
        if self.away:
            raise Unavailable("the broker is away")
        return await self.inner.publish(batch)

    async def receive(self, queue: str, limit: int) -> list[Delivery]:
        return await self.inner.receive(queue, limit)

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        await self.inner.ack(deliveries)

    async def nack(self, deliveries: Sequence[Delivery]) -> None:
        self.given_back += deliveries
        await self.inner.nack(deliveries)

    async def check(self) -> None:
        await self.inner.check()

    async def close(self) -> None:
        await self.inner.close()


class Switchable(Database):
    """A database that can be away. With `forgetful`, it commits once more and loses the answer first."""

    away = False
    forgetful = False

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        if self.away:
            raise gone()
        with super().transaction() as connection:
            yield connection
        if self.forgetful:
            self.forgetful = False
            raise gone()


def gone() -> Exception:
    return sa.exc.OperationalError("COMMIT", {}, Exception("server closed the connection unexpectedly"))


class Point(StrEnum):
    """Where a process may die."""

    BEFORE_COMMIT = "before the commit"
    BEFORE_PUBLISH = "after the commit, before the publish"
    BEFORE_CONFIRM = "between the publish and its confirm"
    BEFORE_MARK = "between the confirm and the mark"
    BEFORE_ACK = "before the acknowledgement"


class Death:
    """The process dies where it is told to. From then on nothing that it does has any effect."""

    def __init__(self, point: Point) -> None:
        self.point = point
        self.dead = False
        self.confirmed = False

    def at(self, *points: Point) -> None:
        if self.dead or self.point in points:
            self.dead = True
            raise Unavailable(f"dead: {self.point}")

    def is_dead(self) -> bool:
        return self.dead

    def database(self, url: str) -> Database:
        return DyingDatabase(url, self)

    def transport(self, inner: Transport) -> Transport:
        return DyingTransport(self).around(inner)


class DyingDatabase(Database):
    def __init__(self, url: str, death: Death) -> None:
        super().__init__(url)
        self._death = death

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        self._death.at()
        if self._death.confirmed:
            self._death.at(Point.BEFORE_MARK)
        with super().transaction() as connection:
            before = handled(connection)
            yield connection
            if handled(connection) > before:
                self._death.at(Point.BEFORE_COMMIT)


def handled(connection: sa.Connection) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(tables.inbox)).scalar_one()


class DyingTransport(Through):
    def __init__(self, death: Death) -> None:
        super().__init__()
        self._death = death

    async def publish(self, batch: Sequence[Envelope]) -> list[Exception | None]:
        self._death.at(Point.BEFORE_PUBLISH)
        verdicts = await super().publish(batch)
        self._death.at(Point.BEFORE_CONFIRM)
        self._death.confirmed = True
        return verdicts

    async def receive(self, queue: str, limit: int) -> list[Delivery]:
        self._death.at()
        return await super().receive(queue, limit)

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            self._death.at(Point.BEFORE_ACK)
        await super().ack(deliveries)

    async def nack(self, deliveries: Sequence[Delivery]) -> None:
        self._death.at()
        await super().nack(deliveries)
