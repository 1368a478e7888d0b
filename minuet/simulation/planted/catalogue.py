"""Every bug that can be planted, by its name."""

from minuet.simulation.planted import (
    deadlines,
    delivery,
    effects,
    flow,
    goods,
    ids,
    invoices,
    money,
    operators,
    parcels,
    storing,
)
from minuet.simulation.planted.bug import Bug

GROUPS = (delivery, storing, ids, effects, deadlines, flow, money, invoices, goods, parcels, operators)
CATALOGUE: dict[str, Bug] = {bug.name: bug for group in GROUPS for bug in group.BUGS}
