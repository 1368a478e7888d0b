"""New code in the middle of a run: a service starts again with the next revision of a flow, and all go over to it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from minuet.simulation.acting import Acting
from minuet.simulation.chance import branch, scatter
from minuet.simulation.oracle.tables import FLOWS
from minuet.simulation.oracle.touched import Touched
from minuet.simulation.world import World
from saga.flow import Flow
from saga.keeping import Keeper

LATEST = timedelta(days=20)
AT_ONCE = 3  # instances in one transaction, so that others come in between
AUTHOR = "uma"


@dataclass(frozen=True)
class Upgrade:
    """Of one flow of one service, which knows both revisions from then on."""

    service: str
    keeper: Keeper
    flow: Flow
    state: str | None = None  # as soon as an instance is in it, right after that is committed; None: at some time


class Upgrading:
    def __init__(self, world: World, acting: Acting, upgrades: Sequence[Upgrade]) -> None:
        self._world = world
        self._acting = acting
        self._chance = branch(world.seed, "upgrading")
        self._outside = copy_context()  # of no process: not of the one that has just committed
        self._waiting = [upgrade for upgrade in upgrades if upgrade.state is not None]
        for upgrade in upgrades:
            if upgrade.state is None:
                world.agenda.plan(LATEST * self._chance.random(), partial(self._later, upgrade))
        world.watchers.append(self._committed)

    def _later(self, upgrade: Upgrade) -> None:
        self._world.loop.call_later(scatter(self._chance), self._begin, upgrade)

    def _committed(self, service: str, _: Sequence[Touched]) -> None:
        for upgrade in [each for each in self._waiting if each.service == service]:
            there = "SELECT EXISTS(SELECT 1 FROM saga_instances WHERE flow = ? AND state = ?)"
            if self._world.oracle.books.value(service, there, upgrade.flow.name, upgrade.state):
                self._waiting.remove(upgrade)
                self._world.loop.call_soon(self._begin, upgrade, context=self._outside)

    def _begin(self, upgrade: Upgrade) -> None:
        """All its processes stop at once, and start again, as always, after a while."""
        self._world.trace.tell(upgrade.service, f"UPGRADE of {upgrade.flow.name} to revision {upgrade.flow.revision}")
        install(upgrade.keeper, upgrade.flow)
        for replica in self._world.alive(upgrade.service):
            replica.crash()
        self._acting.begin(self._migrate(upgrade))

    async def _migrate(self, upgrade: Upgrade) -> None:
        after, reason = None, f"revision {upgrade.flow.revision} of {upgrade.flow.name}"
        while True:
            body = {"limit": AT_ONCE, "after": after, "author": AUTHOR, "reason": reason}
            path = f"/flows/{upgrade.flow.name}/migration"
            answer = (await self._acting.insist(upgrade.service, "POST", path, body)).raise_for_status().json()
            if any(item["outcome"] == "migrates" for item in answer["items"]):
                self._world.oracle.audit.done[upgrade.service, reason] = AUTHOR
            after = answer["next"]
            if after is None:
                return


def install(keeper: Keeper, flow: Flow) -> None:
    """As if the module had been written anew: in place, for everybody who knows the keeper."""
    object.__setattr__(keeper, "flow", flow)
    FLOWS[flow.name] = flow


@contextmanager
def as_before(upgrades: Sequence[Upgrade]) -> Iterator[None]:
    """Afterwards the code is that of the beginning again."""
    flows = [(upgrade.keeper, upgrade.keeper.flow) for upgrade in upgrades]
    try:
        yield
    finally:
        for keeper, flow in flows:
            install(keeper, flow)
