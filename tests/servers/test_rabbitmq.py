"""The private broker itself: it does not outlive whoever started it."""

import signal
import subprocess
import sys
import time

from tests.servers.rabbitmq import answers

STARTS_ONE = """
import signal
from tests.servers.rabbitmq import RabbitMQ
broker = RabbitMQ()
broker.start()
print(broker.port, flush=True)
signal.pause()
"""


def test_when_the_tests_are_killed_their_broker_ends() -> None:
    with subprocess.Popen([sys.executable, "-c", STARTS_ONE], stdout=subprocess.PIPE) as tests:
        assert tests.stdout is not None
        port = int(tests.stdout.readline())
        assert answers(port)
        tests.send_signal(signal.SIGKILL)
        tests.wait()
    give_up = time.monotonic() + 10
    while answers(port):
        assert time.monotonic() < give_up
        time.sleep(0.05)
