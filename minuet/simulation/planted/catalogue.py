"""Every bug that can be planted, by its name."""

from minuet.simulation.planted import (
    answers,
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
    tables,
)
from minuet.simulation.planted.bug import Bug

GROUPS = (delivery, storing, ids, effects, deadlines, flow, tables, money, invoices, goods, parcels, answers, operators)
CATALOGUE: dict[str, Bug] = {bug.name: bug for group in GROUPS for bug in group.BUGS}
