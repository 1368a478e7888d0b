"""Every service its own process, some in replicas, on servers that a test may kill."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from minuet import seeding
from tests.servers.postgresql import Databases
from tests.system.running import Running, until

SERVICES = ("order", "payment", "inventory", "shipping")
ENDS = {"completed", "cancelled"}
Payment = Mapping[str, str]
CARD: Payment = {"method": "card", "token": "tok_ok"}


class Cluster:
    """`replicas` of each service, and the gateway, as processes on RabbitMQ and PostgreSQL."""

    def __init__(
        self, folder: Path, databases: Databases, amqp_url: str, *, replicas: Mapping[str, int], clock: str = "real"
    ) -> None:
        self.amqp_url = amqp_url
        self.clock = clock
        name = f"minuet_{uuid4().hex[:8]}"
        self._environment = {
            "MINUET_TRANSPORT": "rabbitmq",
            "MINUET_AMQP_URL": amqp_url,
            "MINUET_DATABASE_URL": databases.url(f"{name}_{{service}}").replace("%7B", "{").replace("%7D", "}"),
            "MINUET_CLOCK": clock,
        }
        self.gateway = Running(folder, "gateway", environment=self._environment)
        told = {**self._environment, "MINUET_GATEWAY_URL": self.gateway.url}
        self.processes = {
            service: [
                Running(self._folder(folder, n), service, environment=told) for n in range(replicas.get(service, 1))
            ]
            for service in SERVICES
        }

    @staticmethod
    def _folder(folder: Path, number: int) -> Path:
        """Each replica writes a log of its own."""
        made = folder / f"replica-{number}"
        made.mkdir(exist_ok=True)
        return made

    def __enter__(self) -> "Cluster":
        everyone = self.everyone()
        for process in everyone:
            process.launch()
        for process in everyone:
            until(lambda process=process: ready(process), f"it to be ready; its log: {process.log()}", seconds=60)  # type: ignore[misc]
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.everyone():
            process.kill()
            process.client.close()

    def everyone(self) -> list[Running]:
        return [self.gateway, *(process for some in self.processes.values() for process in some)]

    def at(self, service: str) -> str:
        """Where it listens; its first replica."""
        return self._first(service).url

    def get(self, service: str, path: str, **query: Any) -> Any:
        return self._first(service).get(path, **query)

    def _first(self, service: str) -> Running:
        return self.gateway if service == "gateway" else self.processes[service][0]

    def put(self, service: str, path: str, body: Any) -> None:
        self.processes[service][0].client.put(path, json=body).raise_for_status()

    def seed(self, stock: Mapping[str, int]) -> None:
        for service, path, body in seeding.puts():
            self.put(service, path, body)
        for sku, on_hand in stock.items():
            self.put("inventory", f"/stock/{sku}", {"on_hand": on_hand})

    def place_all(self, orders: Sequence[tuple[str, str, Mapping[str, int], Payment]], at_once: int = 4) -> None:
        """Every order through one of the replicas, by customers who ask until they are answered."""
        replicas = self.processes["order"]

        def place(numbered: tuple[int, tuple[str, str, Mapping[str, int], Payment]]) -> None:
            number, (key, customer, items, payment) = numbered
            patiently(lambda: replicas[number % len(replicas)].place(key, customer, dict(items), dict(payment)))

        with ThreadPoolExecutor(at_once) as customers:
            list(customers.map(place, enumerate(orders)))

    def states(self) -> Counter[str]:
        found: Counter[str] = Counter()
        after: str | None = None
        while True:
            page = self.get("order", "/orders", limit=500, **({"after": after} if after else {}))
            found.update(order["state"] for order in page["items"])
            after = page["next"]
            if after is None:
                return found

    def dead_letters(self) -> list[Any]:
        return [letter for service in SERVICES for letter in self.get(service, "/dead-letters")["items"]]


def ready(process: Running) -> bool | None:
    return process.client.get("/readyz").is_success or None


def patiently(ask: Callable[[], Any], seconds: float = 90.0) -> Any:
    """While servers are down an endpoint may answer 503; whoever has a key asks again."""

    def asked() -> Any:
        try:
            return ask()
        except httpx.HTTPStatusError as error:
            if error.response.status_code != 503:
                raise
            return None

    return until(asked, "an answer", seconds)


def meanwhile(what: Callable[[], object]) -> threading.Thread:
    """Started at once, on a thread of its own."""
    thread = threading.Thread(target=what)
    thread.start()
    return thread
