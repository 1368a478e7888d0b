"""The one writer of a service process: everything that writes goes through it, and shares its commits."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from bus.activity import Activity
from bus.envelope import Envelope, origin, rfc3339
from bus.errors import Unavailable
from bus.group_commit import GroupCommit
from bus.ids import IdSource
from bus.incoming import Call, Work
from bus.journey import Committed, Journey
from bus.unit import Context

T = TypeVar("T")

PAUSE_SECONDS = 1.0  # while the database is away

log = structlog.get_logger()


class Writer:
    def __init__(
        self, journey: Journey, ids: IdSource, activity: Activity, committed: Callable[[Committed], None]
    ) -> None:
        self._journey = journey
        self._ids = ids
        self._activity = activity
        self._group = GroupCommit(f"{journey.service.name}-writer", journey.process, committed)

    async def do(self, works: Sequence[Work]) -> None:
        """Returns once all works are done, each with its result or error in it. Raises Unavailable."""
        keys = [f"work {id(work)}" for work in works]
        self._activity.begin(keys)
        try:
            await self._group.submit(works)
        finally:
            self._activity.end(keys)

    async def insist(self, works: Sequence[Work]) -> None:
        """As `do`, however long the database is away. What was done before it went is not done again."""
        while True:
            try:
                return await self.do(works)
            except Unavailable as error:
                log.warning("waiting for the database", service=self._journey.service.name, why=str(error))
                await asyncio.sleep(PAUSE_SECONDS)

    async def call(self, run: Callable[[Context], T], request_id: str | None = None) -> T:
        """Run a function in the next transaction. Raises what it raised; then nothing of it was stored or sent.

        `request_id` is the cause of what it sends: give the same to say the same again.
        """
        work = Call(self._origin(request_id), run)
        try:
            await self.do([work])
        except Unavailable:
            if not work.done:  # the database may have gone away after this, at the next of those that shared the batch
                raise
        if work.error is not None:
            raise work.error
        result: T = work.result
        return result

    def join(self, run: Callable[[Context], object]) -> None:
        """Let housekeeping join the next transaction. Nobody waits for it; if it fails, the sweeper sees to it."""
        self._group.join(Call(self._origin(None), run))

    async def close(self) -> None:
        await self._group.close()

    def _origin(self, request_id: str | None) -> Envelope:
        name = self._journey.service.name
        return origin(request_id or str(self._ids()), sender=name, at=rfc3339(self._journey.clock.now()))
