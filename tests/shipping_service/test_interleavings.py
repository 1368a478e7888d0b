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
    """One parcel that two workers and the simulated carrier are after."""

    def __init__(self, address: str) -> None:
        self.bench = ServiceBench(service())
        self.address = address
        self.leases: list[float] = []  # when each began
        self.job_id = "none yet"
        self.collected = 0  # how often somebody may think that it was for them to take the parcel

    def ship(self) -> None:
        self.bench.tell(ship(address=self.address))

    def cancel(self) -> None:
        self.bench.tell(cancel())

    def claim(self, worker: str) -> None:
        for job in claim(self.bench, worker):
            self.job_id = job_of(job)
            began = self.bench.clock.machine()
            assert all(began >= other + LEASE for other in self.leases), "in two hands at once"
            self.leases.append(began)

    def complete(self, worker: str) -> None:
        self.collected += self.accepted(lambda: complete(self.bench, self.job_id, worker, f"T-{worker}"))

    def fail(self, worker: str) -> None:
        self.accepted(lambda: fail(self.bench, self.job_id, worker))

    def accepted(self, report: Callable[[], object]) -> bool:
        """A report that says it again is accepted, yet says nothing."""
        before = len(self.bench.said)
        with suppress(Refused):
            report()
        return len(self.bench.said) > before

    def carrier(self) -> None:
        if self.bench.effects:
            self.collected += SHIPPED in [name for name, _ in carrier_reports(self.bench)]

    def settle(self) -> None:
        """Nobody asks for work any more, and the carrier takes whatever is left."""
        change_mode(self.bench, "push")
        self.bench.clock.advance(timedelta(seconds=LEASE))
        self.bench.sweep()
        assert len(self.bench.effects) <= 1
        self.carrier()


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


@settings(max_examples=250, deadline=None)
@given(st.lists(st.sampled_from(list(STEPS)), max_size=14), st.sampled_from(["1 Main Street", ""]))
def test_there_is_one_decision_and_every_command_is_answered_by_it(steps: list[str], address: str) -> None:
    world = World(address)
    change_mode(world.bench, "pull")
    for step in steps:
        STEPS[step](world)
    world.settle()
    said = [name for name, _ in world.bench.said]
    decisions = DECISIONS & set(said)
    assert len(decisions) == (1 if {"ship", "cancel"} & set(steps) else 0)
    assert world.collected == (decisions == {SHIPPED})
    assert CANCELLATION_REFUSED not in said or decisions == {SHIPPED}
    assert "cancel" not in steps or {CANCELLATION_REFUSED, FAILED, CANCELLED} & set(said)
    assert len({str(body) for name, body in world.bench.said if name in DECISIONS}) <= 1
    assert world.bench.dead_letters() == []
