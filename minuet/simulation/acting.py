"""How people act: over HTTP, as clients who may find nobody there, or by messages as strangers on the bus."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx

from bus.envelope import enclose, origin
from bus.message import Message
from minuet.simulation.chance import branch
from minuet.simulation.oracle.violation import Violation
from minuet.simulation.world import World

PATIENCE = 4  # attempts at a service that is not there
QUEUES = 0.25  # how often somebody else is being served: what comes meanwhile makes up one batch
ERRANDS: Mapping[str, tuple[str, Any]] = {  # of people who have to do with nobody
    "order": ("/catalogue/BUTTON", {"name": "BUTTON", "price": {"amount": 1, "currency": "EUR"}}),
    "payment": ("/credits/c-0", {"balance": {"amount": 0, "currency": "EUR"}}),
    "inventory": ("/stock/BUTTON", {"on_hand": 0}),
}
AGAIN = timedelta(hours=7)

Headers = Mapping[str, str] | None


class Acting:
    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = branch(world.seed, "acting")
        self.under_way = 0  # what somebody is doing right now

    def plan(self, after: timedelta, act: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._world.agenda.plan(after, lambda: self.begin(act()))

    def begin(self, act: Coroutine[Any, Any, None]) -> None:
        self.under_way += 1
        self._world.loop.create_task(act).add_done_callback(self._end)

    def _end(self, act: "asyncio.Task[None]") -> None:
        self.under_way -= 1
        error = None if act.cancelled() else act.exception()
        if isinstance(error, Exception):
            self._world.breaks(error)

    @contextmanager
    def somebody(self) -> Iterator[None]:
        """Acts meanwhile, without a plan."""
        self.under_way += 1
        yield
        self.under_way -= 1

    async def publish(self, command: Message, purpose: str, body: bytes | None = None) -> None:
        """With another body nobody will understand it."""
        cause = origin(f"{purpose} {command.subject}", sender="shop", at="")
        envelope = enclose(command, sender="shop", at=self._world.calendar.now, cause=cause, place=0)
        attempt = getattr(command, "attempt", None)
        self._world.oracle.deliveries.say(envelope.id, envelope.type, envelope.subject, attempt)
        said = replace(envelope, source="/shop", body=envelope.body if body is None else body)
        await self._world.courier.broker.publish([said])

    async def insist(
        self, service: str, method: str, path: str, body: Any = None, headers: Headers = None
    ) -> httpx.Response:
        """Until there is an answer, as somebody does who needs one."""
        while True:
            answer = await self.attempt(service, method, path, body, headers)
            if answer is not None:
                return answer
            await self._later()

    async def _later(self) -> None:
        """Nobody waits for it meanwhile."""
        returned = self._world.loop.create_future()
        self._world.agenda.plan(AGAIN, lambda: returned.set_result(None))
        self.under_way -= 1
        await returned
        self.under_way += 1

    async def attempt(
        self, service: str, method: str, path: str, body: Any = None, headers: Headers = None
    ) -> httpx.Response | None:
        """A few times. None if nobody answers, or the service says that it cannot now."""
        healed = self._world.faults.healed
        if service in ERRANDS and self._chance.random() < QUEUES:
            self.begin(self._run_errand(service))
        for _ in range(PATIENCE):
            answer = await self._call(service, method, path, body, headers)
            if answer is not None and answer.status_code < 500:
                self._world.trace.tell("people", f"{method} {path} {answer.status_code}")
                return answer
            await asyncio.sleep(1.0)
        if healed and self._world.alive(service):
            self._world.end(Violation("L1", "once faults stop, whoever asks is answered", f"{service} {method} {path}"))
        return None

    async def _run_errand(self, service: str) -> None:
        await self._call(service, "PUT", *ERRANDS[service], headers=None)

    async def _call(self, service: str, method: str, path: str, body: Any, headers: Headers) -> httpx.Response | None:
        replicas = self._world.alive(service)
        if not replicas:
            return None
        replica = replicas[self._chance.randrange(len(replicas))] if len(replicas) > 1 else replicas[0]
        http = self._world.stage.http[service]
        request = replica.run(http.request(method, path, json=body, headers=headers))
        try:
            answer = await request
        except asyncio.CancelledError:
            if request.cancelled():
                return None  # the process died of something
            raise
        if answer.status_code == 500:
            said = f"{service} {method} {path}: {answer.text}"
            self._world.end(Violation("L1", "whatever goes wrong has its remedy", said))
        return answer
