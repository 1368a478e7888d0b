"""Where a server's programs are. On Debian as root the missing are installed; elsewhere the error says what to do."""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

APT_SECONDS = 600
LOCK = Path(tempfile.gettempdir()) / "minuet-tests-install.lock"
START_NOTHING = Path("/usr/sbin/policy-rc.d")  # asked by every Debian package that is about to start its service


class Missing(Exception):
    """A server that tests need is not here, and what to do about it."""


@dataclass(frozen=True)
class Needed:
    name: str  # for a person
    program: str
    folders: str  # a pattern, for where Debian keeps it out of PATH
    package: str  # Debian's
    variable: str  # names an existing server instead


POSTGRESQL = Needed("PostgreSQL", "initdb", "usr/lib/postgresql/*/bin", "postgresql", "MINUET_TEST_POSTGRESQL_URL")
RABBITMQ = Needed("RabbitMQ", "rabbitmq-server", "usr/lib/rabbitmq/bin", "rabbitmq-server", "MINUET_TEST_AMQP_URL")


def need(server: Needed) -> Path:
    """The folder of the server's programs, installed first if it must and can be. Raises Missing."""
    found = find(server)
    if found is None and can_install():
        with one_at_a_time():
            if find(server) is None:
                install(server.package)
        found = find(server)
    if found is None:
        raise Missing(
            f"these tests need {server.name}: install it (on Debian `apt-get install {server.package}`), "
            f"or set {server.variable} to an existing server's URL"
        )
    return found


def find(server: Needed) -> Path | None:
    """The newest version's folder, or the one in PATH."""
    kept = [folder for folder in Path("/").glob(server.folders) if (folder / server.program).exists()]
    if kept:
        return max(kept, key=lambda folder: [int(number) for number in re.findall(r"\d+", str(folder))])
    in_path = shutil.which(server.program)
    return None if in_path is None else Path(in_path).resolve().parent


def can_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(*debian_packages: str) -> None:
    """Install packages, and start nothing. Raises Missing with what apt-get said."""
    with starting_nothing():
        if apt_get("install", "-y", "--no-install-recommends", *debian_packages).returncode == 0:
            return
        apt_get("update")  # a fresh machine has no lists, or old ones
        done = apt_get("install", "-y", "--no-install-recommends", *debian_packages)
    if done.returncode != 0:
        raise Missing(f"`apt-get install {' '.join(debian_packages)}` failed:\n{done.stderr[-2000:]}")


def apt_get(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["apt-get", "-o", "DPkg::Lock::Timeout=120", *words],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=APT_SECONDS,
    )


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Other processes of the same tests need the same."""
    with LOCK.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def starting_nothing() -> Iterator[None]:
    """Debian's packages start their services unless this file forbids it. One that is there is left alone."""
    if START_NOTHING.exists():
        yield
        return
    START_NOTHING.write_text("#!/bin/sh\nexit 101\n")
    START_NOTHING.chmod(0o755)
    try:
        yield
    finally:
        START_NOTHING.unlink()
