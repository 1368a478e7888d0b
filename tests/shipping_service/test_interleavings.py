"""Shipping against cancelling: whatever comes in whatever sequence, the two never both win."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from bus.errors import Refused
from shipping_service.app import service
from tests.service_bench import ServiceBench
from tests.shipping_service.words import (
    CANCELLATION_REFUSED,
    CANCELLED,
    FAILED,
    LEASE,
    SHIPPED,
    cancel,
    carrier_reports,
    change_mode,
    claim,
    complete,
    fail,
    job_of,
    ship,
)

DECISIONS = {SHIPPED, FAILED, CANCELLED}
WORKERS = ("w-1", "w-2")


class World:
    """One parcel that two workers and the simulated carrier are after, and what must be true of it."""

    def __init__(self, address: str) -> None:
        self.bench = ServiceBench(service())
        self.address = address
        self.job_id = "none yet"
        self.holder = ""
        self.lease_until = 0.0
        self.wished = False  # to cancel it, before it was decided
        self.collected = 0  # how often somebody may think that it was for them to take the parcel

    def take(self, step: str) -> None:
        wished, pushed = self.wished, len(self.bench.effects)
        STEPS[step](self)
        assert not (wished and len(self.bench.effects) > pushed), "pushed though it was to be cancelled"

    def names(self) -> list[str]:
        return [name for name, _ in self.bench.said]

    def decided(self) -> bool:
        return bool(DECISIONS & set(self.names()))

    def held(self) -> bool:
        return not self.decided() and self.bench.clock.machine() < self.lease_until

    def ship(self) -> None:
        self.bench.tell(ship(address=self.address))

    def cancel(self) -> None:
        self.wished |= not self.decided()
        held = self.held()
        said = self.bench.tell(cancel())
        assert not (held and said), "only the worker who has it knows what becomes of it"

    def claim(self, worker: str) -> None:
        for job in claim(self.bench, worker):
            assert not self.held(), "in two hands at once"
            assert not self.wished, "handed out though it was to be cancelled"
            self.job_id, self.holder = job_of(job), worker
            self.lease_until = self.bench.clock.machine() + LEASE

    def complete(self, worker: str) -> None:
        self.collected += self.reports(worker, lambda: complete(self.bench, self.job_id, worker, f"T-{worker}"))

    def fail(self, worker: str) -> None:
        self.reports(worker, lambda: fail(self.bench, self.job_id, worker))

    def reports(self, worker: str, report: Callable[[], object]) -> bool:
        """Whether this decided it; a report that says it again is accepted too, but says nothing."""
        decides = self.held() and worker == self.holder
        before = len(self.bench.said)
        with suppress(Refused):
            report()
        assert decides == (len(self.bench.said) > before)
        return decides

    def carrier(self) -> None:
        if self.bench.effects:
            self.collected += SHIPPED in [name for name, _ in carrier_reports(self.bench)]


STEPS: dict[str, Callable[[World], object]] = {
    "ship": World.ship,
    "cancel": World.cancel,
    "carrier": World.carrier,
    "push": lambda world: change_mode(world.bench, "push"),
    "pull": lambda world: change_mode(world.bench, "pull"),
    "sweep": lambda world: world.bench.sweep(),
    "half a lease": lambda world: world.bench.clock.advance(timedelta(seconds=LEASE / 2)),
    **{f"claim {worker}": partial(World.claim, worker=worker) for worker in WORKERS},
    **{f"complete {worker}": partial(World.complete, worker=worker) for worker in WORKERS},
    **{f"fail {worker}": partial(World.fail, worker=worker) for worker in WORKERS},
}
LIKELY = ["ship", "cancel", "claim w-1", "claim w-2", "half a lease", "half a lease", "half a lease"]
BEGINNINGS = [[], ["ship"], ["ship", "claim w-1"], ["ship", "claim w-1", "cancel"]]
SETTLED = ["push", "half a lease", "half a lease", "sweep", "carrier"]  # then nobody asks for work any more


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(BEGINNINGS),
    st.lists(st.sampled_from([*LIKELY, *STEPS]), max_size=12),
    st.sampled_from(["1 Main Street", ""]),
)
def test_there_is_one_decision_and_every_command_is_answered_by_it(
    beginning: list[str], more: list[str], address: str
) -> None:
    world = World(address)
    steps = ["pull", *beginning, *more, *SETTLED]
    for step in steps:
        world.take(step)
    said = world.names()
    decisions = DECISIONS & set(said)
    assert len(decisions) == (1 if {"ship", "cancel"} & set(steps) else 0)
    assert len({str(body) for name, body in world.bench.said if name in DECISIONS}) <= 1
    assert world.collected == (decisions == {SHIPPED})
    assert CANCELLATION_REFUSED not in said or decisions == {SHIPPED}
    assert not (world.wished and decisions == {FAILED})
    assert "cancel" not in steps or {CANCELLATION_REFUSED, FAILED, CANCELLED} & set(said)
    assert world.bench.dead_letters() == []
