"""Two replicas of shipping, one job: handed out once, decided once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bus.journey import Journey
from bus.unit import Context
from shipping_service import jobs
from shipping_service.app import service
from shipping_service.messages import CancelShipment, Recipient, ShipGoods
from shipping_service.models import bus_tables, shipments
from tests.isolation import planted
from tests.isolation.conftest import Open
from tests.isolation.replicas import Replicas, calling, handling

LEASE = 60.0
SHIPPED = "shipping.goods-shipped.v1"
CANCELLED = "shipping.shipment-cancelled.v1"
CANCELLATION_REFUSED = "shipping.shipment-cancellation-refused.v1"


@pytest.fixture
def shipping(replicas_of: Open) -> Replicas:
    """Three jobs that wait to be pulled."""
    shipping = replicas_of(service())
    calling(lambda context: jobs.change_mode("pull", context))(shipping.journey)
    shipping.tell(*[ship(f"r-{number}") for number in range(3)], prefix="shipped")
    return shipping


def ship(reference: str) -> ShipGoods:
    return ShipGoods(reference=reference, pick_id="p", recipient=Recipient(name="Ada", address="1 Main Street"))


def claiming(worker: str, most: int) -> Callable[[Journey], list[str]]:
    def claim(context: Context) -> list[str]:
        return [shipment.reference for shipment in jobs.claim(worker, most, LEASE, context)]

    return calling(claim)


def completing(shipping: Replicas, reference: str, worker: str) -> Callable[[Journey], Any]:
    row = next(row for row in shipping.rows(shipments) if row.reference == reference)
    return calling(lambda context: jobs.complete(row.shipment_id, worker, "T-1", context))


def cancelling(shipping: Replicas, reference: str) -> Callable[[Journey], list[str]]:
    return handling(shipping.incoming(CancelShipment(reference=reference), prefix="cancelled"))


def state_of(shipping: Replicas, reference: str) -> tuple[str, bool]:
    return next((row.state, row.cancel_wished) for row in shipping.rows(shipments) if row.reference == reference)


def test_two_workers_at_once_share_out_the_jobs(shipping: Replicas) -> None:
    """The second neither waits for the first nor gets what the first has."""
    met = shipping.meet(claiming("w-1", 2), claiming("w-2", 2))
    assert met.both == (["r-0", "r-1"], ["r-2"])
    assert not met.waited


def test_jobs_whose_lease_is_over_are_shared_out_as_well(shipping: Replicas) -> None:
    claiming("w-0", 3)(shipping.journey)
    shipping.clock.advance(timedelta(seconds=LEASE))
    met = shipping.meet(claiming("w-1", 3), claiming("w-2", 3))
    assert met.both == (["r-0", "r-1", "r-2"], [])


def test_claims_without_locks_are_noticed(shipping: Replicas, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: both read what waits, and both take it."""
    planted.no_row_locks(monkeypatch)
    met = shipping.meet(claiming("w-1", 2), claiming("w-2", 2))
    assert set(met.first) & set(met.second)


def test_what_is_being_cancelled_is_not_handed_out(shipping: Replicas) -> None:
    met = shipping.meet(cancelling(shipping, "r-0"), claiming("w-1", 3))
    assert met.both == ([CANCELLED], ["r-1", "r-2"])
    assert state_of(shipping, "r-0") == ("cancelled", False)


def test_what_is_being_handed_out_can_only_be_wished_back(shipping: Replicas) -> None:
    met = shipping.meet(claiming("w-1", 3), cancelling(shipping, "r-0"))
    assert met.waited
    assert met.both == (["r-0", "r-1", "r-2"], [])
    assert state_of(shipping, "r-0") == ("leased", True)


def test_shipped_or_cancelled_is_decided_once(shipping: Replicas) -> None:
    claiming("w-1", 3)(shipping.journey)
    met = shipping.meet(completing(shipping, "r-0", "w-1"), cancelling(shipping, "r-0"))
    assert (met.waited, met.second) == (True, [CANCELLATION_REFUSED])
    assert state_of(shipping, "r-0") == ("shipped", False)


def test_a_report_that_comes_twice_at_once_counts_once(shipping: Replicas) -> None:
    claiming("w-1", 3)(shipping.journey)
    complete = completing(shipping, "r-0", "w-1")
    met = shipping.meet(complete, complete)
    assert met.first == met.second
    assert len(shipping.rows(bus_tables.outbox)) == 1


def test_a_job_that_slips_in_while_the_mode_is_changed_is_pushed_by_the_next_sweep(shipping: Replicas) -> None:
    """Else it would wait for a worker that may never come."""
    with shipping.database.transaction() as connection:
        connection.execute(sa.delete(shipments))
    late = shipping.incoming(ship("late"), prefix="late")
    shipping.meet(handling(late), calling(lambda context: jobs.change_mode("push", context)))
    assert state_of(shipping, "late") == ("pending", False)
    for sweep in service().sweeps:
        calling(sweep.carry_out)(shipping.journey)
    assert state_of(shipping, "late") == ("with_carrier", False)
    assert len(shipping.rows(bus_tables.effects)) == 1
