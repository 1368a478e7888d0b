"""Handing over to the outside what is not committed yet."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bus.host import Host
from bus.incoming import Work
from bus.journey import Committed, Journey
from bus.unit import UnitOfWork
from minuet.simulation.planted.bug import replaced


@contextmanager
def handing_over_early(taker: str, stored_by: Any, what: str) -> Iterator[None]:
    """A host's publisher or performer is given what the unit is going to say as soon as it is stored."""
    takers: dict[Journey, Any] = {}
    running: list[Journey] = []

    def start(self: Any, *arguments: Any, **named: Any) -> None:
        begin(self, *arguments, **named)
        takers[self.writer._journey] = getattr(self, taker)

    def transaction(self: Journey, works: list[Work], presuming: bool) -> Committed:
        running[:] = [self]
        return commit(self, works, presuming)

    def stage(unit: UnitOfWork) -> Any:
        leases = store(unit)
        takers[running[0]].hand_over(leases or list(getattr(unit, what)))
        return leases

    begin, commit, store = Host.__init__, Journey._transaction, stored_by.stage
    began, committing = replaced(Host, "__init__", start), replaced(Journey, "_transaction", transaction)
    with began, committing, replaced(stored_by, "stage", stage):
        yield
