"""Asking a service that may be frozen, away or on its way back: whoever has something to say says it again."""

import random
from collections.abc import Iterator
from typing import Any

import httpx

from tests.system.cluster import Cluster
from tests.system.running import until

PATIENCE_SECONDS = 120.0
AWAY = 503


class Asking:
    """Over HTTP, each time another replica."""

    def __init__(self, cluster: Cluster, seed: int) -> None:
        self._cluster = cluster
        self._choices = random.Random(seed)

    def ask(self, service: str, method: str, path: str, body: Any = None, key: str | None = None) -> httpx.Response:
        """The first answer that is one. Whatever else is wrong on the server's side is a bug."""

        def asked() -> httpx.Response | None:
            client = self._choices.choice(self._cluster.processes[service]).client
            headers = {} if key is None else {"Idempotency-Key": key}
            answer = client.request(method, path, json=body, headers=headers)
            if answer.status_code == AWAY:
                return None
            assert answer.status_code < 500, f"{method} {path}: {answer.status_code} {answer.text}"
            return answer

        return until(asked, f"an answer to {method} {path}", PATIENCE_SECONDS)

    def get(self, service: str, path: str) -> Any:
        answer = self.ask(service, "GET", path)
        return answer.json() if answer.is_success else None

    def post(self, service: str, path: str, body: Any, key: str | None = None) -> Any:
        """None if it is refused: somebody was faster."""
        answer = self.ask(service, "POST", path, body, key)
        return answer.json() if answer.is_success else None

    def orders(self, state: str) -> Iterator[str]:
        for order in self.get("order", f"/orders?state={state}&limit=500")["items"]:
            yield order["order_id"]
