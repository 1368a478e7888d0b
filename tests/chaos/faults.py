"""What is done to processes, servers and connections: one function a kind. Each returns once its harm is over."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.chaos.house import House
from tests.system.running import Running


@dataclass
class Chaos:
    """One run of it: whom it harms, and where its moments and choices come from."""

    house: House
    moments: random.Random

    def wait(self, least: float, most: float) -> None:
        """How long harm lasts is what is random here."""
        threading.Event().wait(self.moments.uniform(least, most))

    def someone(self) -> Running:
        return self.moments.choice(self.house.cluster.everyone())


def kill_a_process(chaos: Chaos) -> None:
    process = chaos.someone()
    process.kill()
    chaos.wait(0, 3)
    process.launch()


def kill_both_replicas(chaos: Chaos) -> None:
    both = chaos.house.cluster.processes[chaos.moments.choice(list(chaos.house.cluster.processes))]
    for process in both:
        process.kill()
    for process in both:
        process.launch()


def stop_a_process(chaos: Chaos) -> None:
    process = chaos.someone()
    process.stop()
    process.launch()


def freeze_a_process(chaos: Chaos) -> None:
    """Sometimes for longer than its leases last."""
    process = chaos.someone()
    process.pause()
    try:
        chaos.wait(0.5, 12)
    finally:
        process.resume()


def restart_everybody(chaos: Chaos) -> None:
    """One after the other, as in a deployment."""
    for process in chaos.house.replicas():
        process.stop()
        process.launch()


def kill_the_broker(chaos: Chaos) -> None:
    chaos.house.broker.kill()
    chaos.wait(0, 2)
    chaos.house.broker.start()


def restart_the_broker(chaos: Chaos) -> None:
    chaos.house.broker.stop()
    chaos.house.broker.start()


def kill_the_database(chaos: Chaos) -> None:
    """An immediate shutdown."""
    chaos.house.database.kill()
    chaos.wait(0, 4)
    chaos.house.database.start()


def restart_the_database(chaos: Chaos) -> None:
    chaos.house.database.stop()
    chaos.house.database.start()


def cut_the_broker_off(chaos: Chaos) -> None:
    chaos.house.to_broker.cut()


def cut_the_database_off(chaos: Chaos) -> None:
    chaos.house.to_database.cut()


def swallow_what_the_broker_is_told(chaos: Chaos) -> None:
    chaos.house.to_broker.swallow()
    chaos.wait(1, 8)
    chaos.house.to_broker.heal()


def swallow_what_the_database_is_told(chaos: Chaos) -> None:
    chaos.house.to_database.swallow()
    chaos.wait(1, 8)
    chaos.house.to_database.heal()


def slow_the_broker_down(chaos: Chaos) -> None:
    chaos.house.to_broker.slow(chaos.moments.uniform(0.02, 0.3))
    chaos.wait(2, 6)
    chaos.house.to_broker.heal()


def slow_the_database_down(chaos: Chaos) -> None:
    chaos.house.to_database.slow(chaos.moments.uniform(0.005, 0.1))
    chaos.wait(2, 6)
    chaos.house.to_database.heal()


Fault = Callable[[Chaos], None]
SHORT: Sequence[Fault] = (
    kill_a_process,
    freeze_a_process,
    kill_the_broker,
    kill_the_database,
    cut_the_broker_off,
    cut_the_database_off,
    swallow_what_the_broker_is_told,
    swallow_what_the_database_is_told,
)
ALL: Sequence[Fault] = (
    *SHORT,
    kill_a_process,
    kill_both_replicas,
    stop_a_process,
    freeze_a_process,
    restart_everybody,
    restart_the_broker,
    restart_the_database,
    slow_the_broker_down,
    slow_the_database_down,
)


def rounds(kinds: Sequence[Fault], moments: random.Random) -> Iterator[Fault]:
    """Every kind once, in a random sequence, again and again."""
    while True:
        yield from moments.sample(kinds, len(kinds))
