"""The services as `minuet up SERVICE` ships them, each a process of its own, with a customer and goods to sell."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.load import CUSTOMER, SKU
from benchmarks.servers import Servers
from benchmarks.usage import Usage, usage_of
from tests.system.running import Running, until

SERVICES = ("order", "payment", "inventory", "shipping")
PRICE = 1995
SETTLING_SECONDS = 60.0


class House:
    def __init__(self, servers: Servers, services: Sequence[Running]) -> None:
        self.servers = servers
        self._services = dict(zip(SERVICES, services, strict=True))
        self._roots = [*(running.pid for running in services), *servers.pids(), os.getpid()]
        self._engines = {
            name: sa.create_engine(servers.database_of(name), isolation_level="AUTOCOMMIT")
            for name in (*SERVICES, "gateway")
        }

    def usage(self) -> Usage:
        """Of all processes: the services, the servers, and the load."""
        return usage_of(self._roots)

    def sell(self, quantity: int) -> None:
        """Goods for so many orders, a price, and a customer."""
        customer = {"name": "Ada", "email": "ada@example.com", "address": "12 Dock Street"}
        self._put("order", f"/customers/{CUSTOMER}", {**customer, "tier": "standard", "rewards_member": False})
        price = {"amount": PRICE, "currency": "EUR"}
        self._put("order", f"/catalogue/{SKU}", {"name": "Bench", "price": price})
        self._put("inventory", f"/stock/{SKU}", {"on_hand": quantity})

    def ask(self, service: str, query: str, **values: object) -> Sequence[Any]:
        """Straight from the database of the service."""
        with self._engines[service].connect() as connection:
            result = connection.execute(sa.text(query), values)
            return result.all() if result.returns_rows else []

    def number(self, service: str, query: str, **values: object) -> int:
        return int(str(self.ask(service, query, **values)[0][0]))

    def settle(self, is_settled: Callable[[], bool], words: str) -> None:
        until(lambda: is_settled() or None, words, SETTLING_SECONDS)

    def _put(self, service: str, path: str, body: object) -> None:
        self._services[service].client.put(path, json=body).raise_for_status()


@contextmanager
def house(servers: Servers) -> Iterator[House]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="minuet-benchmark-")))
        services = [Running(folder, name, environment=servers.environment()) for name in SERVICES]
        for service in services:
            stack.callback(service.client.close)
            stack.callback(service.stop)
            service.launch()
        for service in services:
            service.wait_until_ready()
        yield House(servers, services)


def seconds_until(is_done: Callable[[], bool], words: str, limit: float = 600.0) -> float:
    began = time.perf_counter()
    until(lambda: is_done() or None, words, limit)
    return time.perf_counter() - began
