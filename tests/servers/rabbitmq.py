"""RabbitMQ for tests: a private broker that a test may kill and start again, or one that is there already."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Protocol

from tests.servers.installing import RABBITMQ, need

START_SECONDS = 90.0
STOP_SECONDS = 30.0
END_OF_US = 'read _; kill -9 "-$0" "$1"; rm -rf "$2"'  # nothing is ever written: reading ends when the writer does


class Broker(Protocol):
    url: str


class ExistingBroker:
    def __init__(self, url: str) -> None:
        self.url = url


class RabbitMQ:
    """A private broker: loopback, free ports, a temporary folder, a node, epmd and cookie of its own, no plugins."""

    def __init__(self) -> None:
        self._programs = need(RABBITMQ)
        self._folder = Path(tempfile.mkdtemp(prefix="minuet-rabbitmq-"))
        self.port, distribution_port, self._epmd_port = free_ports(3)
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}/"
        self._environment = {**os.environ, **self._settings(distribution_port)}
        (self._folder / "enabled_plugins").write_text("[].")
        self._process: subprocess.Popen[bytes] | None = None
        self._epmd: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it answers. Raises RuntimeError with its log."""
        if self._epmd is None:
            self._epmd = self._popen("epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1")
        self._process = self._popen(str(self._programs / "rabbitmq-server"))
        self._guard = self._guarded(self._process.pid, self._epmd.pid)
        self._wait_until_it_answers()

    def stop(self) -> None:
        """As an administrator does it: connections are closed, everything is written."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """`kill -9`, as after a power cut."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """It hangs: nothing is refused, nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def remove(self) -> None:
        self.kill()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def virtual_host(self, name: str) -> str:
        """A new one, which shares nothing with others. Returns its URL."""
        self.control("add_vhost", name)
        self.control("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
        return f"{self.url}{name}"

    def write_down_new_queues(self) -> None:
        """Before a `kill`. For half a second the broker alone knows a new queue's folder, and killed then it loses the
        queue for good (rabbitmq-server issue 15725).
        """
        self.control("eval", "dets:sync(ra_directory_reverse).")

    def control(self, *words: str) -> str:
        """`rabbitmqctl`: returns what it printed."""
        return self._run("rabbitmqctl", "--quiet", *words)

    def management(self, port: int) -> str:
        """The management API, from now on. Returns its URL."""
        listener = f'[{{port, {port}}}, {{ip, "127.0.0.1"}}]'
        self.control(
            "eval", f"application:set_env(rabbitmq_management, tcp_config, {listener}, [{{persistent, true}}])."
        )
        self._run("rabbitmq-plugins", "enable", "rabbitmq_management")
        return f"http://guest:guest@127.0.0.1:{port}"

    def _run(self, program: str, *words: str) -> str:
        command = [str(self._programs / program), *words]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=START_SECONDS)
        if done.returncode != 0:
            raise RuntimeError(f"{program} {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def _settings(self, distribution_port: int) -> dict[str, str]:
        folder = str(self._folder)
        return {
            "HOME": folder,  # where the cookie is
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"minuet-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(distribution_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CONF_ENV_FILE": f"{folder}/none",
            "RABBITMQ_CONFIG_FILE": f"{folder}/none",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "RABBITMQ_MNESIA_BASE": f"{folder}/data",
            "RABBITMQ_LOG_BASE": f"{folder}/logs",
            "RABBITMQ_PID_FILE": f"{folder}/pid",
            "RABBITMQ_GENERATED_CONFIG_DIR": f"{folder}/config",
        }

    def _popen(self, *command: str) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the tests, which then stop it; its processes die together
            )

    def _guarded(self, *processes: int) -> subprocess.Popen[bytes]:
        """Tests that are killed cannot stop it, and it would go on for ever."""
        command = ["sh", "-c", END_OF_US, *map(str, processes), str(self._folder)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)

    def _wait_until_it_answers(self) -> None:
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            if answers(self.port):
                return
            time.sleep(0.1)
        raise RuntimeError(f"RabbitMQ did not start:\n{(self._folder / 'log').read_text()[-3000:]}")

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._signal(number)
            self._process.wait(timeout=STOP_SECONDS)
            self._process = None
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None

    def _signal(self, number: signal.Signals) -> None:
        """To the script, the virtual machine and its children alike."""
        if self._process is not None:
            os.killpg(self._process.pid, number)


def answers(port: int) -> bool:
    """Whoever knows the protocol answers its header by a frame."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return bool(connection.recv(1))
    except OSError:
        return False


def free_ports(count: int) -> list[int]:
    """All different, as they are held until the last is found."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
