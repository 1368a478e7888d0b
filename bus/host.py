"""Runs one service: its consumer, its writer, its publisher, its effects and its timers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog

from bus import dead_letters, effects, inbox, outbox, timers
from bus.activity import Activity
from bus.clock import Clock
from bus.database import Database
from bus.delivery import open_delivery
from bus.draining import Draining
from bus.envelope import Envelope
from bus.errors import Conflict, Unavailable
from bus.handler import Sweep
from bus.hooks import Hooks
from bus.ids import IdSource
from bus.incoming import Source, decode
from bus.journey import Committed, Journey
from bus.looking import Earliest, look
from bus.performing import Performing
from bus.performing import key_of as effect_key
from bus.publisher import Publisher
from bus.publisher import key_of as outbox_key
from bus.service import Service
from bus.transport import Delivery, GivesUp, Transport
from bus.unit import Context
from bus.writer import Writer

RECEIVE_LIMIT = 500
POLL_SECONDS = 1.0  # recovery only: while work flows, nothing polls
PRUNE_SECONDS = 3600.0
FINISH_SECONDS = 1.5  # for the batch in hand, when the service is to stop

log = structlog.get_logger()


class Host:
    def __init__(
        self,
        service: Service,
        database: Database,
        transport: Transport,
        clock: Clock,
        ids: IdSource,
        activity: Activity,
        hooks: Hooks | None = None,
    ) -> None:
        hooks = hooks or Hooks()
        self.service = service
        self.database = database
        self.clock = clock
        self._transport = transport
        self._activity = activity
        self._next_due: datetime | None = None  # the earliest timer, as of the last commit of this process
        self._timer_set = asyncio.Event()  # one that is due before all that were known
        self.writer = Writer(Journey(service, database, clock, hooks), ids, activity, self._committed)
        self._publisher = Publisher(transport, self.writer, activity, hooks)
        self._performing = Performing(service, self.writer, clock, activity, hooks)
        self._recovered = False
        self._tasks: list[asyncio.Task[None]] = []
        self._in_hand: asyncio.Task[None] | None = None

    async def declare(self) -> None:
        """From now on what others say to this service is kept for it."""
        await self._transport.declare(self.service.name, self.service.bindings())

    async def recover(self) -> None:
        """Get to know what a crash left behind. Raises Unfit if this version must not start on its database."""
        if not self._recovered:
            await self.writer.call(self._recover)
            self._recovered = True

    async def start(self) -> None:
        """Ready once it has recovered. To start again what has started does nothing. Raises Unfit."""
        if self._tasks:
            return
        await self.recover()
        loops = [self._consume, self._publisher.run, self._fire_timers, self._look, self._prune]
        if isinstance(self._transport, GivesUp):
            loops.append(Draining(self.service.name, self._transport, self.writer).once)
        self._tasks = [asyncio.create_task(self._forever(loop)) for loop in loops]

    async def stop(self) -> None:
        """Finish the batch in hand; what was committed and not yet published stays in the outbox.

        A batch that cannot be finished, as the database is away, is not acknowledged: others get it, or we later.
        """
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._finish_in_hand()
        await self._performing.close()
        await self.writer.close()

    def look_for_timers(self) -> None:
        """Business time has leapt: do not wait for the next look."""
        self._timer_set.set()

    def _committed(self, committed: Committed) -> None:
        self._publisher.hand_over(committed.outgoing)
        self._performing.hand_over(committed.effects)
        self._activity.next_due(self.service.name, committed.next_due)
        known, self._next_due = self._next_due, committed.next_due
        if committed.next_due is not None and (known is None or committed.next_due < known):
            self._timer_set.set()

    def _recover(self, context: Context) -> None:
        """Left behind by a crash: unprocessed until the sweeper has seen to it."""
        for check in self.service.checks:
            check(context.unit.connection)
        if not self._activity.listens:
            return
        tables = context.unit.service.tables
        waiting = context.unit.connection.execute(outbox.everything(tables.outbox))
        self._activity.begin(outbox_key(Envelope.from_row(row)) for row in waiting)
        intents = context.unit.connection.execute(effects.everything(tables.effects))
        self._activity.begin(effect_key(Envelope.from_row(row)) for row in intents)

    async def _consume(self) -> None:
        deliveries = await self._transport.receive(self.service.name, RECEIVE_LIMIT)
        self._in_hand = asyncio.create_task(self._take(deliveries))
        await asyncio.shield(self._in_hand)  # to be told to stop does not stop what is in hand

    async def _finish_in_hand(self) -> None:
        if self._in_hand is not None:
            await asyncio.wait([self._in_hand], timeout=FINISH_SECONDS)
            self._in_hand.cancel()
            await asyncio.gather(self._in_hand, return_exceptions=True)

    async def _take(self, deliveries: Sequence[Delivery]) -> None:
        works = [open_delivery(self.service, delivery) for delivery in deliveries]
        try:
            await self.writer.insist(works)  # what is given back, a broker would count against the messages
        except Exception:
            await self._transport.nack([d for d, work in zip(deliveries, works, strict=True) if not work.done])
            raise
        finally:
            await self._transport.ack([d for d, work in zip(deliveries, works, strict=True) if work.done])

    async def _fire_timers(self) -> None:
        self._timer_set.clear()
        now = self.clock.now()
        due = await asyncio.to_thread(self._due_timers, now)
        if due:
            await self._do(due, timers.DueTimers())
            if len(due) == timers.BATCH:
                await asyncio.sleep(timers.RUSH_PAUSE_SECONDS)
        else:
            if self._next_due is not None and self._next_due <= now:
                await self.writer.call(lambda _: None)  # it was cancelled, or moved: which one is next?
            await self._wait_for_timer(now)

    async def _wait_for_timer(self, asked_at: datetime) -> None:
        """Until the next one is due, or one is set that is due sooner. Those of other processes are looked for."""
        seconds = None
        if self._next_due is not None and self._next_due > asked_at:  # else somebody else has it
            seconds = self.clock.seconds_until(self._next_due)
        try:
            async with asyncio.timeout(seconds):  # `wait_for` swallows a cancellation that comes with the event
                await self._timer_set.wait()
        except TimeoutError:
            pass

    async def _look(self) -> None:
        """Once a second: has a crash, or another process, left something that is overdue?"""
        await asyncio.sleep(POLL_SECONDS)
        found, due = await asyncio.to_thread(self._overdue, self.clock.machine())
        if found.timer is not None and found.timer <= self.clock.now():
            self._timer_set.set()
        for sweep in due:
            await self.writer.call(sweep.carry_out)
        if found.is_overdue(self.clock.machine()):
            await self._sweep()

    async def _sweep(self) -> None:
        """In one transaction."""
        unsaid, intents, letters = await asyncio.gather(
            self.writer.call(outbox.sweep), self.writer.call(effects.sweep), self.writer.call(dead_letters.due)
        )
        self._publisher.hand_over(unsaid)
        self._performing.hand_over(intents)
        for letter in letters:
            await self._do([letter], dead_letters.DeadLetters())

    async def _prune(self) -> None:
        """Piece by piece: others have their turn in between."""
        while await self.writer.call(prune) >= inbox.PRUNED_AT_ONCE:
            pass
        await asyncio.sleep(PRUNE_SECONDS)

    async def _do(self, envelopes: Sequence[Envelope], source: Source) -> None:
        await self.writer.do([decode(self.service, envelope, source) for envelope in envelopes])

    def _due_timers(self, now: datetime) -> list[Envelope]:
        with self.database.snapshot() as connection:
            return timers.due(connection, self.service.tables.timers, now)

    def _overdue(self, machine: float) -> tuple[Earliest, list[Sweep]]:
        with self.database.snapshot() as connection:
            due = [sweep for sweep in self.service.sweeps if sweep.is_due(connection, machine)]
            return look(connection, self.service.tables), due

    async def _forever(self, once: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await once()
            except (Unavailable, Conflict) as error:
                log.warning("waiting for the database or the broker", service=self.service.name, why=str(error))
                await asyncio.sleep(POLL_SECONDS)
            except Exception:
                log.exception("unexpected, going on", service=self.service.name)
                await asyncio.sleep(POLL_SECONDS)


def prune(context: Context) -> int:
    """Returns how many rows went of the table of which most did."""
    return max(inbox.prune(context.unit), dead_letters.prune(context.unit))
