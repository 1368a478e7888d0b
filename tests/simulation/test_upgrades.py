"""Services are upgraded in the middle of flows: started again with code that knows two revisions, then migrated."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bus.timers import Timers, timer_id_of
from bus.unit import Context
from minuet.simulation.faults import KINDS
from minuet.simulation.oracle.tables import FLOWS
from minuet.simulation.planted.bug import replaced
from minuet.simulation.running import Result, Schedule, run
from minuet.simulation.upgrading import Upgrade
from order_service.flow import order_flow
from order_service.handlers import ORDERS
from payment_service.flow import payment_flow
from payment_service.invoice_flow import invoice_flow
from saga import deadlines, revising
from saga.flow import Flow
from saga.instance import Instance
from saga.revising import follow as revising_follow
from saga.stepping import Step
from tests.simulation.revisions import (
    invoice_flow_2,
    live,
    of_invoices,
    of_orders,
    of_payments,
    order_flow_2,
    payment_flow_2,
)

SEEDS = 100
NEXT = [(order_flow, order_flow_2), (payment_flow, payment_flow_2), (invoice_flow, invoice_flow_2)]
OFTEN = [  # an order and a payment that are in these states at once, or one after the other, in almost every world
    ("awaiting_payment", "charging"),
    ("awaiting_goods", "unsure"),
    ("awaiting_shipment", "in_clearing"),
    ("awaiting_invoice_payment", "refunding"),
    ("compensating", "waiting_for_gateway"),
]


def migrated(result: Result, flow: Flow) -> set[str]:
    """The states from which instances were migrated."""
    return {
        before for name, before, why, _ in result.moves if name == flow.name and why == "migrated from revision 1 to 2"
    }


def upgraded_in(upgrades: Sequence[Upgrade], orders: int = 6) -> None:
    """World after world, until one is upgraded while an instance of each flow is in the state that is named."""
    for seed in range(1, SEEDS + 1):
        result = run(Schedule(seed, range(orders), tuple(KINDS), upgrades=upgrades))
        assert result.violation is None
        if all(upgrade.state in migrated(result, upgrade.flow) for upgrade in upgrades):
            return
    pytest.fail(f"within {SEEDS} seeds nobody was migrated in {' and '.join(str(u.state) for u in upgrades)}")


@pytest.mark.parametrize(("of_order", "of_payment"), OFTEN)
def test_an_upgrade_in_the_middle_of_flows_breaks_no_invariant(of_order: str, of_payment: str) -> None:
    """Both services, each as soon as somebody is in that state, in a world with all faults."""
    upgraded_in([of_orders(of_order), of_payments(of_payment)])


def test_an_upgrade_while_an_invoice_is_open_breaks_no_invariant() -> None:
    upgraded_in([of_invoices("open")])


@pytest.mark.long
@pytest.mark.parametrize("state", sorted(set(live(order_flow)) - {state for state, _ in OFTEN}))
def test_orders_are_upgraded_in_every_state(state: str) -> None:
    """Those in which orders are less often."""
    upgraded_in([of_orders(state)], orders=12)


@pytest.mark.long
@pytest.mark.parametrize("state", sorted(set(live(payment_flow)) - {state for _, state in OFTEN}))
def test_payments_are_upgraded_in_every_state(state: str) -> None:
    """Those in which payments are less often."""
    upgraded_in([of_payments(state)], orders=12)


@pytest.mark.parametrize("seed", [1, 2])
def test_an_upgrade_may_come_at_any_time(seed: int) -> None:
    """While most orders have ended, and others are waiting for people; afterwards the code is as it was before."""
    result = run(Schedule(seed, range(6), tuple(KINDS), upgrades=[of_orders(), of_payments()]))
    assert result.violation is None
    assert FLOWS["order"] is ORDERS.flow is order_flow


@pytest.mark.parametrize(("first", "second"), NEXT)
def test_whatever_was_heard_is_decided_after_a_migration(first: Flow, second: Flow) -> None:
    """Of every live state and every message of the first revision, in the state that it becomes."""
    assert second.replaces is not None
    becomes = {state: second.replaces.becomes(state) for state in live(first)}
    decided = {(cell.state, cell.trigger) for cell in second.cells if cell.row.given is None}
    undecided = [(s, m) for s, target in becomes.items() for m in first.messages if (target, m) not in decided]
    assert undecided == []


# --- planted


def undos_forgotten(*given: Any) -> Step:
    made = revising_follow(*given)
    return replace(made, instance=replace(made.instance, undos=()))


def another_state_told(*given: Any) -> Step:
    made = revising_follow(*given)
    *earlier, line = made.history
    return replace(made, history=(*earlier, replace(line, to_state=line.from_state)))


def deadlines_lost(old: Flow, _: Flow, before: Instance, __: Instance, context: Context) -> None:
    for deadline in old.deadlines(before.state):
        context.store(Timers).cancel(timer_id_of(deadlines.reached(before, deadline)))


@pytest.mark.parametrize(
    ("owner", "name", "bug", "invariant"),
    [
        (revising, "follow", undos_forgotten, "Q4"),
        (revising, "follow", another_state_told, "S7"),
        (deadlines, "carry_over", deadlines_lost, "S6"),
    ],
)
def test_a_bug_in_the_migration_is_caught(owner: Any, name: str, bug: Any, invariant: str) -> None:
    with replaced(owner, name, bug):
        upgrades = [of_orders("awaiting_payment")]
        worlds = (
            run(Schedule(seed, range(6), tuple(KINDS), upgrades=upgrades)).violation for seed in range(1, SEEDS + 1)
        )
        found = next((violation for violation in worlds if violation is not None), None)
    assert found is not None
    assert found.invariant == invariant
