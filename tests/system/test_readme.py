"""Every command that the README gives is run."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import httpx

from tests.servers.postgresql import Databases
from tests.servers.rabbitmq import RabbitMQ
from tests.system.running import MINUET, Running, clean_environment, running, until

README = Path(__file__).parents[2] / "README.md"
RUN_BY_OTHERS = {"make demo", "make test", "make up", "make check"}  # test_demo, this run, `running`, CI


def commands() -> list[str]:
    return [line.partition("#")[0].strip() for block in blocks("") for line in block.splitlines() if line.strip()]


def blocks(language: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README.read_text(), flags=re.MULTILINE | re.DOTALL)
    return [text for of_language, text in fenced if of_language == language]


def test_the_commands_of_the_readme_work_on_a_running_system(tmp_path: Path) -> None:
    """In the order in which they are written, on a fresh folder."""
    with running(tmp_path) as system:
        for command in commands():
            if command not in RUN_BY_OTHERS:
                run(system, command)
        assert "c-1" in system.minuet("order", "list")


def run(system: Running, command: str) -> None:
    words = command.split()
    assert words[0] == ".venv/bin/minuet", f"a command that no test runs: {command}"
    system.minuet(*words[1:])


def test_the_example_of_a_flow_is_the_one_in_its_file_and_works() -> None:
    example = README.parent / "examples" / "trips.py"
    (block,) = blocks("python")
    assert block.strip() == example.read_text().strip()
    subprocess.run([sys.executable, "-m", "examples.trips"], cwd=README.parent, check=True, timeout=60)


def test_five_lines_run_it_distributed(tmp_path: Path, postgresql: Databases, private_rabbitmq: RabbitMQ) -> None:
    """As they are written, ports included; only the servers are this run's own; orders go through both replicas."""
    (lines,) = blocks("sh")
    assert len(lines.splitlines()) == 5
    name = f"readme_{uuid4().hex[:8]}"
    for given, ours in {
        "amqp://guest:guest@127.0.0.1:5672/": private_rabbitmq.virtual_host(name),
        "postgresql+psycopg://postgres@127.0.0.1:5432/minuet_": postgresql.url(f"{name}_"),
    }.items():
        assert given in lines
        lines = lines.replace(given, ours)
    with in_a_group(lines, installed_in(tmp_path)) as code:
        assert code == 0, (tmp_path / "log").read_text()[-3000:]
        replica = Running(tmp_path)
        for port in (8081, 8091):
            replica.client.base_url = httpx.URL(f"http://127.0.0.1:{port}")
            order = replica.place(f"k-{port}", "c-1", {"TEAPOT": 1}, {"method": "card", "token": "tok_ok"})
            until(lambda order=order: completed(replica, order["order_id"]), "the order to be completed", 60)  # type: ignore[misc]


def completed(system: Running, order_id: str) -> bool | None:
    return system.get(f"/orders/{order_id}")["state"] == "completed" or None


def installed_in(folder: Path) -> Path:
    """As in a checkout: `.venv/bin/minuet`."""
    command = folder / ".venv" / "bin" / "minuet"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec {shlex.join(MINUET)} "$@"\n')
    command.chmod(0o755)
    return folder


@contextmanager
def in_a_group(script: str, folder: Path) -> Iterator[int]:
    """Run it. What it leaves in the background ends with the group. Yields its exit code."""
    with (folder / "log").open("wb") as log:
        shell = subprocess.Popen(
            ["bash", "-euc", script],
            cwd=folder,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield shell.wait(timeout=120)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)


def test_the_make_targets_of_the_readme_exist() -> None:
    makefile = (README.parent / "Makefile").read_text()
    for target in re.findall(r"`?make ([a-z-]+)", README.read_text()):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), f"README names `make {target}`"
