"""What the tests say to the shipping service, and what they expect to hear."""

import asyncio
from datetime import timedelta
from typing import Any

from bus.message import Local
from shipping_service import jobs
from shipping_service.messages import CancelShipment, HandToCarrier, Recipient, ShipGoods
from shipping_service.shipment import Mode, Shipment
from tests.service_bench import ServiceBench

Said = list[tuple[str, dict[str, Any]]]

SHIPPED = "shipping.goods-shipped.v1"
FAILED = "shipping.shipment-failed.v1"
CANCELLED = "shipping.shipment-cancelled.v1"
CANCELLATION_REFUSED = "shipping.shipment-cancellation-refused.v1"

LEASE = 60.0  # seconds


def ship(reference: str = "r-1", address: str = "1 Main Street") -> ShipGoods:
    return ShipGoods(reference=reference, pick_id="p-1", recipient=Recipient(name="Ada", address=address))


def cancel(reference: str = "r-1") -> CancelShipment:
    return CancelShipment(reference=reference)


# --- pushed


def intended(bench: ServiceBench) -> HandToCarrier:
    """The oldest parcel that is with the carrier."""
    return HandToCarrier.model_validate_json(bench.effects[0].body)


def carrier_reports(bench: ServiceBench) -> Said:
    """The carrier looks at the oldest parcel, and what it says of it is handled."""
    return bench.outcome(asked(bench, intended(bench)))


def asked(bench: ServiceBench, parcel: HandToCarrier) -> Local:
    """What the carrier says of a parcel."""
    performer = bench.service.performer(HandToCarrier.wire_name)

    async def perform() -> Local:
        return await performer.perform(parcel)

    return asyncio.run(perform())


# --- pulled


def change_mode(bench: ServiceBench, mode: Mode) -> None:
    bench.call(lambda context: jobs.change_mode(mode, context))


def claim(bench: ServiceBench, worker: str = "w-1", most: int = 10, seconds: float = LEASE) -> list[Shipment]:
    return bench.call(lambda context: jobs.claim(worker, most, seconds, context))


def claimed(bench: ServiceBench, worker: str = "w-1") -> list[str]:
    """The references of the jobs that the worker gets."""
    return [shipment.reference for shipment in claim(bench, worker)]


def complete(bench: ServiceBench, job_id: str, worker: str = "w-1", tracking_number: str = "T-1") -> Shipment:
    return bench.call(lambda context: jobs.complete(job_id, worker, tracking_number, context))


def fail(bench: ServiceBench, job_id: str, worker: str = "w-1", reason: str = "it leaks") -> Shipment:
    return bench.call(lambda context: jobs.fail(job_id, worker, reason, context))


def lease_runs_out(bench: ServiceBench) -> None:
    bench.clock.advance(timedelta(seconds=LEASE))


def job_of(shipment: Shipment) -> str:
    assert shipment.shipment_id is not None
    return shipment.shipment_id
