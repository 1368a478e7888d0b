"""The servers to measure on: those that MINUET_AMQP_URL and MINUET_DATABASE_URL name, else private ones."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from yarl import URL

from benchmarks.usage import listener_of
from tests.servers.postgresql import PostgreSQL
from tests.servers.rabbitmq import RabbitMQ


@dataclass(frozen=True)
class Servers:
    amqp_url: str
    database_url: str  # with {service}

    def database_of(self, service: str) -> str:
        return self.database_url.replace("{service}", service)

    def environment(self) -> dict[str, str]:
        return {
            "MINUET_TRANSPORT": "rabbitmq",
            "MINUET_AMQP_URL": self.amqp_url,
            "MINUET_DATABASE_URL": self.database_url,
        }

    def pids(self) -> list[int]:
        """Raises LookupError if a server is not on this machine: what it uses could not be counted."""
        ports = URL(self.amqp_url).port or 5672, sa.make_url(self.database_url).port or 5432
        return [listener_of(port) for port in ports]


@contextmanager
def servers() -> Iterator[Servers]:
    with ExitStack() as stack:
        amqp_url = os.environ.get("MINUET_AMQP_URL") or stack.enter_context(private_broker()).url
        database_url = os.environ.get("MINUET_DATABASE_URL") or own_databases(stack.enter_context(private_databases()))
        yield Servers(amqp_url, database_url)


@contextmanager
def private_broker() -> Iterator[RabbitMQ]:
    broker = RabbitMQ()
    try:
        broker.start()
        yield broker
    finally:
        broker.remove()


@contextmanager
def private_databases() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    try:
        server.start()
        yield server
    finally:
        server.remove()


def own_databases(server: PostgreSQL, prefix: str = "minuet") -> str:
    """A database for each service, which `minuet up` creates."""
    return server.url(f"{prefix}_{{service}}")
