"""Bugs about parcels and carriers."""

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from bus.unit import Context
from minuet.simulation.planted.bug import bug, replaced, rewritten
from shipping_service import jobs, models, rules
from shipping_service.models import Shipments
from shipping_service.shipment import Shipment


@bug
def shipment_tombstone_not_kept() -> AbstractContextManager[None]:
    """That a shipment was cancelled before it was asked for is said, and not remembered."""

    def put(self: Shipments, shipment: Shipment) -> Shipment:
        unknown = self.get(shipment.reference) is None and shipment.state == "cancelled"
        return shipment if unknown else original(self, shipment)

    original = Shipments.put
    return replaced(Shipments, "put", put)


@bug
def wish_to_cancel_forgotten() -> AbstractContextManager[None]:
    """A parcel in a carrier's hands that is to be cancelled is not marked as such."""

    def noted(shipment: Shipment, machine: float) -> Shipment:
        return replace(original(shipment, machine), cancel_wished=False)

    original = rules.cancel_noted
    return replaced(rules, "cancel_noted", noted)


@bug
def parcel_cancelled_in_a_carriers_hands() -> AbstractContextManager[None]:
    """A shipment is cancelled, whoever has the parcel."""

    def noted(shipment: Shipment, machine: float) -> Shipment:
        after = original(shipment, machine)
        return rules.decided(after, "cancelled") if after.cancel_wished and after.state != "shipped" else after

    original = rules.cancel_noted
    return replaced(rules, "cancel_noted", noted)


@bug
def job_offered_after_cancellation() -> AbstractContextManager[None]:
    """A job whose lease is over is offered again, though it is to be cancelled."""

    def given_back(shipment: Shipment, machine: float) -> Shipment:
        return replace(shipment, state="pending", queued_at=machine, carrier=None, lease_until=None)

    return replaced(rules, "given_back", given_back)


@bug
def report_without_a_lease() -> AbstractContextManager[None]:
    """Any worker may say what became of any job."""
    return replaced(rules, "holds", lambda _worker, _shipment, _machine: True)


@bug
def cancellation_refused_though_it_failed() -> AbstractContextManager[None]:
    """Who wants to cancel a shipment that failed is told that it is too late."""

    def answer(shipment: Shipment) -> list[Any]:
        failed = shipment.state == "failed"
        return original(replace(shipment, state="shipped") if failed else shipment)

    original = rules.answer_to_cancel
    return replaced(rules, "answer_to_cancel", answer)


@bug
def pushed_parcel_still_offered() -> AbstractContextManager[None]:
    """A parcel that was pushed to a carrier still waits for a worker."""
    return replaced(rules, "pushed", lambda shipment: replace(shipment, state="with_carrier"))


@bug
def cancelled_parcel_shipped() -> AbstractContextManager[None]:
    """A parcel that was refused at the door, and that was to be cancelled, is said to be shipped."""

    def refused(shipment: Shipment, reason: str) -> Shipment:
        return rules.taken(shipment, "nobody", "") if shipment.cancel_wished else original(shipment, reason)

    original = rules.refused
    return replaced(rules, "refused", refused)


@bug
def given_back_with_its_lease() -> AbstractContextManager[None]:
    """A parcel whose lease is over waits again, and its lease is over again and again."""

    def given_back(shipment: Shipment, machine: float) -> Shipment:
        after = original(shipment, machine)
        return replace(after, lease_until=shipment.lease_until) if after.state == "pending" else after

    original = rules.given_back
    return replaced(rules, "given_back", given_back)


@bug
def leased_parcel_still_offered() -> AbstractContextManager[None]:
    """Two workers are given one parcel."""

    def leased(shipment: Shipment, worker: str, until: float) -> Shipment:
        return replace(original(shipment, worker, until), queued_at=shipment.queued_at)

    original = rules.leased
    return replaced(rules, "leased", leased)


@bug
def lateness_not_told() -> AbstractContextManager[None]:
    """Who wanted a parcel cancelled that was shipped meanwhile is not told that it is too late."""
    return replaced(rules, "report", rules.decision)


@bug
def vanished_workers_parcel_kept() -> AbstractContextManager[None]:
    """A job whose lease is over goes back only when somebody asks for work."""
    return rewritten(models.is_lease_over, lambda _original, _connection, _machine: False)


@bug
def lease_shorter_than_asked_for() -> AbstractContextManager[None]:
    """Whatever a worker asks for, he gets twenty seconds at most."""

    def claim(worker: str, most: int, seconds: float, context: Context) -> list[Shipment]:
        return original(worker, most, min(seconds, 20.0), context)

    original = jobs.claim
    return replaced(jobs, "claim", claim)


@bug
def latest_parcel_first() -> AbstractContextManager[None]:
    """Who asks for work gets the parcels that came last: the others wait as long as there are new ones."""
    waiting = models.shipments.c.queued_at
    return replaced(models, "PENDING", models.queue(-waiting, waiting.is_not(None)))


BUGS = (
    shipment_tombstone_not_kept,
    wish_to_cancel_forgotten,
    parcel_cancelled_in_a_carriers_hands,
    job_offered_after_cancellation,
    report_without_a_lease,
    cancellation_refused_though_it_failed,
    pushed_parcel_still_offered,
    cancelled_parcel_shipped,
    given_back_with_its_lease,
    leased_parcel_still_offered,
    lateness_not_told,
    vanished_workers_parcel_kept,
    lease_shorter_than_asked_for,
    latest_parcel_first,
)
