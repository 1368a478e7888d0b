"""PostgreSQL for tests: a private server that a test may kill and start again, or one that is there already."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import psycopg
import sqlalchemy as sa

from tests.servers.installing import POSTGRESQL, need

USER = "minuet"
START_SECONDS = 60.0
UNPRIVILEGED = ("postgres", "nobody")  # the server refuses to run as root


class Databases:
    """Databases on a server, by name."""

    def __init__(self, server: sa.URL) -> None:
        self._server = server.set(drivername="postgresql+psycopg")

    def url(self, database: str) -> str:
        """The name may hold `{service}`, as in MINUET_DATABASE_URL."""
        written = self._server.set(database="DATABASE").render_as_string(hide_password=False)
        return written.removesuffix("DATABASE") + database

    def create_database(self, name: str, template: str = "template0") -> str:
        """Returns its URL."""
        encoding = " ENCODING 'UTF8'" if template == "template0" else ""
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{encoding}')
        return self.url(name)

    def forbid_writing(self, url: str) -> None:
        """As on a standby: sessions that begin from now on may only read."""
        self._execute(f'ALTER DATABASE "{sa.make_url(url).database}" SET default_transaction_read_only = on')

    def drop_database(self, name: str) -> None:
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        with psycopg.connect(**self._connecting(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _connecting(self) -> dict[str, Any]:
        url = self._server
        asked = {"host": url.host, "port": url.port, "user": url.username, "password": url.password}
        given = {name: value for name, value in asked.items() if value is not None}
        return {**given, "dbname": "postgres", "connect_timeout": 5}


class PostgreSQL(Databases):
    """A private server: loopback, a free port, a temporary folder, trust for everyone here, default durability."""

    def __init__(self) -> None:
        self._programs = need(POSTGRESQL)
        self._user = unprivileged()
        self._folder = Path(tempfile.mkdtemp(prefix="minuet-postgresql-"))
        if self._user is not None:
            shutil.chown(self._folder, self._user, self._user_group())
        self.port = free_port()
        super().__init__(sa.URL.create("postgresql+psycopg", USER, host="127.0.0.1", port=self.port))
        self._process: subprocess.Popen[bytes] | None = None
        self._run("initdb", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N", "-D", str(self._data))

    def start(self) -> None:
        """Returns once it answers. Raises RuntimeError with its log."""
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = self._popen(["postgres", "-D", str(self._data), *options], log)
        self._wait_until_it_answers()

    def stop(self) -> None:
        """As an administrator does it: connections are cut, everything is written."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """An immediate shutdown, as after a power cut: the next start recovers from the log."""
        self._end(signal.SIGQUIT)

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=30)
            self._process = None

    def _wait_until_it_answers(self) -> None:
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            try:
                psycopg.connect(**self._connecting()).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL did not start:\n{(self._folder / 'log').read_text()[-2000:]}")

    def _run(self, *command: str) -> None:
        with (self._folder / "log").open("ab") as log:
            code = self._popen(command, log).wait(timeout=START_SECONDS)
        if code != 0:
            raise RuntimeError(f"{command[0]} failed:\n{(self._folder / 'log').read_text()[-2000:]}")

    def _popen(self, command: Sequence[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(self._programs / command[0]), *command[1:]],
            cwd=self._folder,
            user=self._user,
            group=self._user_group(),
            extra_groups=None if self._user is None else [],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the tests, which then stop it
        )

    def _user_group(self) -> int | None:
        return None if self._user is None else pwd.getpwnam(self._user).pw_gid


def unprivileged() -> str | None:
    """Who runs the server, if not we."""
    if os.geteuid() != 0:
        return None
    there = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in there)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
