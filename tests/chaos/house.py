"""Everything that chaos may harm: both servers behind proxies, and every service in two replicas."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import sqlalchemy as sa

from tests.chaos.oracle.books import SEQUENCE
from tests.chaos.proxy import Proxy
from tests.servers.postgresql import USER, Databases, PostgreSQL
from tests.servers.rabbitmq import RabbitMQ
from tests.system.cluster import SERVICES, Cluster, ready
from tests.system.running import Running, until

READY_SECONDS = 40.0  # a process that was killed starts, on a machine that is busy
IN_TRANSACTION = """
SELECT extract(epoch FROM coalesce(now() - xact_start, interval '0')) FROM pg_stat_activity
WHERE datname LIKE 'minuet%' AND backend_type = 'client backend'
"""


@dataclass(frozen=True)
class House:
    broker: RabbitMQ
    database: PostgreSQL
    to_broker: Proxy
    to_database: Proxy
    cluster: Cluster

    def heal(self) -> None:
        """Returns once everybody is ready by himself."""
        self.to_broker.heal()
        self.to_database.heal()
        for process in self.cluster.everyone():
            until(lambda p=process: ready(p), f"{process.options} to be ready; log: {process.log()}", READY_SECONDS)  # type: ignore[misc]

    def replicas(self) -> list[Running]:
        return [process for some in self.cluster.processes.values() for process in some]

    def databases(self) -> dict[str, str]:
        """Their URLs, by service; not through the proxy."""
        with self.connect("postgres") as connection:
            names = [name for (name,) in connection.execute("SELECT datname FROM pg_database")]
        found = {service: next(name for name in names if name.endswith(f"_{service}")) for service in SEQUENCE}
        return {service: self.address(name) for service, name in found.items()}

    def connect(self, name: str) -> psycopg.Connection:
        return psycopg.connect(self.address(name), autocommit=True)

    def address(self, name: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.database.port}/{name}"

    def broker_connections(self) -> int:
        return len(self._listed("list_connections", "pid"))

    def database_connections(self) -> list[float]:
        """For how many seconds each has been in its transaction."""
        with self.connect("postgres") as connection:
            return [float(seconds) for (seconds,) in connection.execute(IN_TRANSACTION)]

    def bindings(self) -> list[tuple[str, ...]]:
        """Wire name, service."""
        rows = self._listed("list_bindings", "source_name", "routing_key", "destination_name")
        return [(key, queue) for source, key, queue in rows if source and queue in SERVICES]

    def queues(self) -> list[tuple[str, ...]]:
        """Name, number of messages."""
        return self._listed("list_queues", "name", "messages")

    def _listed(self, what: str, *columns: str) -> list[tuple[str, ...]]:
        lines = self.broker.control(what, "--no-table-headers", *columns).splitlines()
        return [tuple(line.split("\t")) for line in lines]


@contextmanager
def house(folder: Path, factor: int) -> Iterator[House]:
    """`factor`: how fast the clock goes."""
    with ExitStack() as stack:
        broker, database = RabbitMQ(), PostgreSQL()
        stack.callback(broker.remove)
        stack.callback(database.remove)
        with ThreadPoolExecutor() as both:
            list(both.map(lambda server: server.start(), (broker, database)))
        to_broker, to_database = Proxy(broker.port), Proxy(database.port)
        stack.callback(to_broker.close)
        stack.callback(to_database.close)
        cluster = Cluster(
            folder,
            Databases(sa.URL.create("postgresql", USER, host="127.0.0.1", port=to_database.port)),
            f"amqp://guest:guest@127.0.0.1:{to_broker.port}/",
            replicas=dict.fromkeys(SERVICES, 2),
            clock=f"accelerated:{factor}@{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        )
        stack.push(cluster.__exit__)  # also of what does not get ready
        yield House(broker, database, to_broker, to_database, cluster.__enter__())
