"""Carries out effects: calls to the outside world, outside any transaction, at least once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import structlog

from bus import effects
from bus.activity import Activity
from bus.clock import Clock
from bus.effects import Lease
from bus.envelope import Envelope
from bus.errors import Conflict, Unavailable
from bus.hooks import Hooks
from bus.incoming import decode
from bus.service import Service
from bus.writer import Writer

AT_ONCE = 50

log = structlog.get_logger()


class Performing:
    def __init__(self, service: Service, writer: Writer, clock: Clock, activity: Activity, hooks: Hooks) -> None:
        self._service = service
        self._writer = writer
        self._clock = clock
        self._activity = activity
        self._hooks = hooks
        self._places = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._leases: dict[str, Lease] = {}  # the latest of what is under way
        self._closed = False

    def hand_over(self, leases: Sequence[Lease]) -> None:
        """These intents are committed, and leased to this process. Returns at once."""
        self._activity.begin(key_of(lease.effect) for lease in leases)
        for lease in leases if not self._closed else ():
            effect = lease.effect
            self._leases[effect.id] = lease
            if effect.id not in self._under_way:
                task = asyncio.get_running_loop().create_task(self._carry_out(effect))
                self._under_way[effect.id] = task
                task.add_done_callback(partial(self._finished, effect.id))

    def _finished(self, effect_id: str, _: object) -> None:
        del self._under_way[effect_id], self._leases[effect_id]

    async def _carry_out(self, effect: Envelope) -> None:
        async with self._places:
            lease = await self._hold(effect)
            if lease is None:
                return
            again = lease.attempt > 1
            try:
                outcome = await self._call(effect, again)
            except Exception as error:
                self._hooks.after_effect(effect, error)
                log.warning("effect failed, will be tried again", type=effect.type, id=effect.id, why=repr(error))
                self._writer.join(lambda context: effects.postpone(context, lease))
                return
        self._hooks.after_effect(effect, None)
        source = effects.Effects() if again else effects.FirstAttempts()
        await self._writer.insist([decode(self._service, outcome, source)])
        self._activity.end([key_of(effect)])

    async def _hold(self, effect: Envelope) -> Lease | None:
        """A lease that a call does not outlast. Who had to wait for a place, or stood still, asks whether it is still
        his: another may have made the call meanwhile, and much may have come of that. None: it is not, or nobody knows.
        """
        while (lease := self._leases[effect.id]).until - self._clock.machine() < effects.CALL_SECONDS:
            try:
                renewed = await self._writer.call(partial(effects.renew, lease=lease))
            except (Unavailable, Conflict):
                return None  # the row is there, for whoever sweeps it up
            if renewed is not None:
                self._leases[effect.id] = renewed
            elif self._leases[effect.id] is lease:
                self._activity.end([key_of(effect)])
                return None
        return lease

    async def _call(self, effect: Envelope, again: bool) -> Envelope:
        performer = self._service.performer(effect.type)
        intent = performer.effect.model_validate_json(effect.body)
        outcome = await performer.perform(intent.model_copy(update={"again": again}))
        return replace(effect, type=outcome.wire_name, body=outcome.model_dump_json().encode())

    async def close(self) -> None:
        """Abandon what is under way and begin nothing: the rows stay, to be carried out under the same keys."""
        self._closed = True
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def key_of(effect: Envelope) -> str:
    return f"effect {effect.id}"
