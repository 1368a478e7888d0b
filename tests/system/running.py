"""`minuet up` as a process of its own, which a test may kill and start again."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

T = TypeVar("T")

MINUET = [sys.executable, "-c", "from minuet.cli import app; app()"]


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("MINUET_")}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(what: Callable[[], T | None], words: str, seconds: float = 30.0) -> T:
    """Poll with a deadline."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        with contextlib.suppress(httpx.TransportError):
            found = what()
            if found is not None:
                return found
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain for {words}")


class Running:
    """One folder, one port; as many lives as the test wants. `options`: services to run alone, and flags.

    `program` may be changed between two lives: it is what is started next.
    """

    def __init__(self, folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.program = MINUET
        self.port = free_port()
        self.options = options
        self.environment = {**clean_environment(), **(environment or {})}
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.url, timeout=10)
        self._log = folder / f"{'-'.join(('up', *options)).replace('/', '-')}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.launch()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        until(lambda: self.client.get("/readyz").is_success or None, f"`minuet up`; its log: {self.log()}", 60)

    def launch(self) -> None:
        """Returns as soon as it answers, ready or not."""
        command = [*self.program, "up", "--port", str(self.port), *self.options]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT, env=self.environment
            )
        until(lambda: self.client.get("/healthz").is_success or None, f"/healthz; its log: {self.log()}", 60)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        return self._end(signal.SIGTERM)

    def pause(self) -> None:
        """It stands still: nothing is refused, nothing is answered."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def _end(self, number: int) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(number)
        code = self._process.wait(timeout=10)
        self._process = None
        return code

    def log(self) -> str:
        return self._log.read_text()[-4000:] if self._log.exists() else "(none)"

    def minuet(self, *words: str) -> str:
        """Run a command of the command line against this system. Returns what it printed."""
        environment = {**self.environment, "MINUET_URL": self.url}
        done = subprocess.run(
            [*MINUET, *words], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(path, params=query).raise_for_status().json()

    def place(self, key: str, customer: str, items: dict[str, int], payment: dict[str, str]) -> dict[str, Any]:
        """Ask until there is an answer, as a client would: the key makes it one order."""
        body = {
            "customer_id": customer,
            "items": [{"sku": sku, "quantity": quantity} for sku, quantity in items.items()],
            "payment": payment,
        }

        def ask() -> dict[str, Any] | None:
            answer = self.client.post("/orders", json=body, headers={"Idempotency-Key": key})
            placed: dict[str, Any] = answer.raise_for_status().json()
            return placed

        return until(ask, f"order {key} to be placed")


@contextmanager
def running(folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    system = Running(folder, *options, environment=environment)
    try:
        system.start()
        yield system
    finally:
        system.kill()
        system.client.close()
