"""Placing an order over HTTP, once per Idempotency-Key."""

import hashlib
from uuid import UUID

from bus.errors import Refused
from bus.ids import derived
from bus.unit import Context
from order_service.handlers import ORDERS
from order_service.messages import PlaceOrder
from order_service.models import Orders, Requests
from order_service.order import Order
from saga.instance import Instance


def order_id_for(idempotency_key: str) -> UUID:
    """The same key names the same order, whichever replica is asked."""
    return derived("order", idempotency_key)


def request_id(order_id: UUID) -> str:
    """The cause of what placing this order sends: the same again if the request is made again."""
    return str(derived("place", order_id))


def place(command: PlaceOrder, idempotency_key: str | None, context: Context) -> Instance:
    """Returns the order as it is now. Raises Refused if there can be no such order; then nothing was stored."""
    if idempotency_key is not None:
        requests, body_hash = context.store(Requests), hash_of(command)
        before = requests.find(idempotency_key)
        if before is not None and before.body_hash != body_hash:
            raise Refused("this Idempotency-Key was used with another body: use a new key for another order")
        if before is None:
            requests.remember(idempotency_key, body_hash, str(command.order_id))
    return hear(command, context)


def hear(message: PlaceOrder, context: Context) -> Instance:
    step = ORDERS.hear(message, context)
    context.send(step.sends)
    return step.instance


def hash_of(command: PlaceOrder) -> str:
    """Without defaults: a field that a later version adds does not make another order of the same request."""
    return hashlib.sha256(command.model_dump_json(exclude_defaults=True).encode()).hexdigest()


def find(order_id: str, context: Context) -> Instance:
    """Raises Refused with status 404."""
    found = context.store(Orders).find(ORDERS.flow, order_id, order_id)
    if found is None:
        raise Refused(f"there is no order {order_id}", 404)
    return found


def order_of(instance: Instance) -> Order:
    data = instance.data
    assert isinstance(data, Order)
    return data
