"""How parcels get into a carrier's hands: pushed to the simulated carrier, or pulled by carriers' clients.

A client, the *worker*, asks for work and gets jobs with a lease: until then they are in its hands, and it alone may
report what became of them. A job whose lease is over goes back, and may be handed out again. Leases are machine time.
"""

from collections.abc import Callable, Iterable

from bus.errors import Refused
from bus.handler import Sweep
from bus.message import Message
from bus.unit import Context
from shipping_service import rules
from shipping_service.models import Carrier, Shipments, is_lease_over, is_pushing_due
from shipping_service.shipment import Mode, Shipment

SWEEP_LIMIT = 500


def offer(shipment: Shipment, context: Context) -> list[Message]:
    """A parcel that nobody has: push it, or keep it until somebody asks for work."""
    shipments = context.store(Shipments)
    if context.store(Carrier).mode() == "pull":
        shipments.put(shipment)
        return []
    shipments.put(rules.pushed(shipment))
    return [rules.parcel(shipment)]


def change_mode(mode: Mode, context: Context) -> None:
    context.store(Carrier).change(mode)
    context.send(push_pending(context))


def push_pending(context: Context) -> Iterable[Message]:
    """What waited to be pulled, or slipped in while the mode was changed."""
    if context.store(Carrier).mode() == "pull":
        return []
    return [said for shipment in context.store(Shipments).pending(SWEEP_LIMIT) for said in offer(shipment, context)]


def claim(worker: str, most: int, seconds: float, context: Context) -> list[Shipment]:
    """Up to `most` jobs, leased to the worker from now on."""
    context.send(take_back(context))
    shipments, until = context.store(Shipments), context.unit.machine + seconds
    return [shipments.put(rules.leased(shipment, worker, until)) for shipment in shipments.pending(most)]


def take_back(context: Context) -> Iterable[Message]:
    """The jobs whose lease is over."""
    machine = context.unit.machine
    over = context.store(Shipments).lease_over(machine, SWEEP_LIMIT)
    return [said for shipment in over for said in gone_back(rules.given_back(shipment, machine), context)]


def gone_back(shipment: Shipment, context: Context) -> list[Message]:
    if shipment.state == "pending":
        return offer(shipment, context)
    return list(rules.decision(context.store(Shipments).put(shipment)))


def complete(job_id: str, worker: str, tracking_number: str, context: Context) -> Shipment:
    """The worker took the parcel. Raises Refused, with 404 or 409."""
    return report(job_id, worker, lambda shipment: rules.taken(shipment, worker, tracking_number), context)


def fail(job_id: str, worker: str, reason: str, context: Context) -> Shipment:
    """The worker did not take the parcel, and nobody will. Raises Refused, with 404 or 409."""
    return report(job_id, worker, lambda shipment: rules.refused(shipment, reason), context)


def report(job_id: str, worker: str, decide: Callable[[Shipment], Shipment], context: Context) -> Shipment:
    shipments = context.store(Shipments)
    shipment = shipments.with_id(job_id)
    if shipment is None:
        raise Refused(f"there is no job {job_id}: give the `job_id` that POST /jobs/claims returned", 404)
    decided = decide(shipment)
    if decided == shipment and shipment.carrier == worker:
        return shipment  # the worker says it again
    if not rules.holds(worker, shipment, context.unit.machine):
        raise Refused(not_held(worker, shipment), 409)
    context.send(rules.report(shipments.put(decided)))
    return decided


def not_held(worker: str, shipment: Shipment) -> str:
    """Why the worker has no say, for a person."""
    match shipment.state:
        case "leased" if shipment.carrier == worker:
            why = "that lease is over"
        case "leased":
            why = f"{shipment.carrier!r} holds it"
        case "pending":
            why = "it waits to be claimed again"
        case state:
            why = f"it is {state}"
    return f"{worker!r} holds no lease of job {shipment.shipment_id}: {why}. Ask for work with POST /jobs/claims"


SWEEPS = (Sweep(is_lease_over, take_back), Sweep(is_pushing_due, push_pending))
