"""Carries out effects: calls to the outside world, outside any transaction, at least once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import structlog

from bus import effects
from bus.activity import Activity
from bus.envelope import Envelope
from bus.hooks import Hooks
from bus.incoming import decode
from bus.service import Service
from bus.writer import Writer

AT_ONCE = 50
ALONE_SECONDS = 0.5  # who begins sooner than this and ends within the lease was alone: a call takes 7.5 s at most

log = structlog.get_logger()


class Performing:
    def __init__(self, service: Service, writer: Writer, activity: Activity, hooks: Hooks) -> None:
        self._service = service
        self._writer = writer
        self._activity = activity
        self._hooks = hooks
        self._places = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._closed = False

    def hand_over(self, batch: Sequence[Envelope], *, again: bool = False) -> None:
        """These intents are committed, and leased to this process. Returns at once.

        `again`: their lease was over before, so they may have been carried out already.
        """
        self._activity.begin(key_of(effect) for effect in batch)
        for effect in batch:
            if effect.id not in self._under_way and not self._closed:
                task = asyncio.get_running_loop().create_task(self._carry_out(effect, again))
                self._under_way[effect.id] = task
                task.add_done_callback(partial(self._finished, effect.id))

    def _finished(self, effect_id: str, _: object) -> None:
        self._under_way.pop(effect_id)

    async def _carry_out(self, effect: Envelope, again: bool) -> None:
        now = asyncio.get_running_loop().time
        leased = now()
        async with self._places:
            again = again or now() - leased > ALONE_SECONDS
            try:
                outcome = await self._call(effect, again)
            except Exception as error:
                self._hooks.after_effect(effect, error)
                log.warning("effect failed, will be tried again", type=effect.type, id=effect.id, why=repr(error))
                self._writer.join(lambda context: effects.postpone(context, effect.id))
                return
        self._hooks.after_effect(effect, None)
        if not again and now() - leased > effects.LEASE_SECONDS:
            return  # this process stood still meanwhile: whoever carries it out again knows that it is not the first
        source = effects.Effects() if again else effects.FirstAttempts()
        await self._writer.insist([decode(self._service, outcome, source)])
        self._activity.end([key_of(effect)])

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
