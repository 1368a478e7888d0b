"""Bugs in calls to the outside world and their outcomes."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from bus import effects
from bus.changes import Take
from bus.effects import Effects, FirstAttempts, Lease
from bus.performing import Performing
from bus.unit import UnitOfWork
from minuet.simulation.planted.bug import bug, replaced
from minuet.simulation.planted.early import handing_over_early


@bug
def effect_forgotten_after_a_crash() -> AbstractContextManager[None]:
    """What a crash left to be carried out never is."""
    return replaced(effects, "sweep", lambda _context: [])


@bug
def effect_carried_out_before_the_commit() -> AbstractContextManager[None]:
    """The outside world is called before it is committed that it should be."""
    return handing_over_early("_performing", effects, "effects")


@bug
def outcome_counted_twice() -> AbstractContextManager[None]:
    """Whoever carries out an effect has its outcome handled, even if another's was before."""

    def claim(self: Effects, unit: UnitOfWork, ids: Sequence[str], **_: bool) -> set[str]:
        original(self, unit, ids)
        return set(ids)

    original = Effects.claim
    return replaced(Effects, "claim", claim)


@bug
def outcome_presumed_to_be_the_first() -> AbstractContextManager[None]:
    """That a call has no outcome yet is presumed, and not found out when that is wrong."""
    return replaced(Take, "conflict", "")


@bug
def first_attempt_believed() -> AbstractContextManager[None]:
    """That nobody answered counts, though another process has begun meanwhile."""
    return replaced(FirstAttempts, "attempts", Effects.attempts)


@bug
def effect_carried_out_again_as_if_first() -> AbstractContextManager[None]:
    """Whoever carries out what a crash left behind takes himself for the only one."""

    def hand_over(self: Performing, leases: Sequence[Lease]) -> None:
        original(self, [replace(lease, attempt=1) for lease in leases])

    original = Performing.hand_over
    return replaced(Performing, "hand_over", hand_over)


BUGS = (
    effect_forgotten_after_a_crash,
    effect_carried_out_before_the_commit,
    outcome_counted_twice,
    outcome_presumed_to_be_the_first,
    first_attempt_believed,
    effect_carried_out_again_as_if_first,
)
