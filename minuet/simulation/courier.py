"""Between the queues and those who consume from them: in which sequence, and how late."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bus.transports.memory import MemoryTransport, Waiting
from minuet.simulation.chance import branch, scatter
from minuet.simulation.faults import Faults
from minuet.simulation.loop import VirtualLoop

AT_ONCE = 0.7  # the share of messages that are there as soon as they are published
LATENCY_SECONDS = 0.03
DELAYS = tuple(timedelta(hours=hours) for hours in (1, 5, 24, 24, 36, 48, 72, 72, 100))  # some as long as deadlines

Plan = Callable[[timedelta, Callable[[], None]], datetime]


class Courier:
    """What `MemoryTransport` asks what to deliver. A message that is delayed by days keeps nobody waiting for it."""

    def __init__(self, seed: int, loop: VirtualLoop, faults: Faults, plan: Plan) -> None:
        self.broker = MemoryTransport(self.choose)
        self.delayed: dict[int, str] = {}  # queues of messages that are on their way for long, by number
        self.unbound: dict[str, float] = {}  # commands that find no queue, and until when by the loop's time
        self._loop = loop
        self._faults = faults
        self._plan = plan
        self._chance = branch(seed, "courier")
        self._there: dict[int, bool] = {}

    def choose(self, waiting: Sequence[Waiting]) -> Sequence[Waiting]:
        ready = [message for message in waiting if self._is_there(message)]
        if len(ready) > 1 and self._faults.strike("reorder", ready[0].queue) is not None:
            self._chance.shuffle(ready)
        return ready

    def at_hand(self, queue: str) -> int:
        """How many messages wait there that are not on their way for long."""
        waiting = self.broker.waiting(queue)
        return waiting and waiting - sum(delayed == queue for delayed in self.delayed.values())

    def _is_there(self, message: Waiting) -> bool:
        if message.number not in self._there:
            self._there[message.number] = self._decide(message)
        return self._there[message.number]

    def _decide(self, message: Waiting) -> bool:
        hard = self._faults.strike("delay", message.queue)
        if hard is not None:
            self.delayed[message.number] = message.queue
            self._plan(DELAYS[int(hard * len(DELAYS))], lambda: self._release(message))
            return False
        if self._chance.random() < AT_ONCE:
            return True
        self._loop.call_later(LATENCY_SECONDS * self._chance.random(), self._arrives, message)
        return False

    def _arrives(self, message: Waiting) -> None:
        self._there[message.number] = True
        self.broker.wake(message.queue)

    def _release(self, message: Waiting) -> None:
        del self.delayed[message.number]
        self._loop.call_later(scatter(self._chance), self._arrives, message)
