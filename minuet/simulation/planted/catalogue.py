"""Every bug that can be planted, by its name."""

from minuet.simulation.planted import delivery, money
from minuet.simulation.planted.bug import Bug

CATALOGUE: dict[str, Bug] = {bug.name: bug for bug in (*delivery.BUGS, *money.BUGS)}
