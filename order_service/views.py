"""How orders look over HTTP. Reads only."""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from bus.errors import Refused
from order_service.flow import order_flow
from order_service.models import bus_tables, saga_tables
from order_service.order import Order
from order_service.rules import price_guaranteed_until
from saga import view
from saga.instance import Instance
from saga.state import name_of

instances = saga_tables.instances


def placed(instance: Instance, order: Order) -> dict[str, Any]:
    return {
        "order_id": order.reference,
        "state": name_of(instance.state),
        "total": order.total,
        "price_guaranteed_until": price_guaranteed_until(order),
    }


def one(connection: sa.Connection, order_id: str) -> dict[str, Any]:
    """Everything about one order. Raises Refused with status 404."""
    row = connection.execute(sa.select(instances).where(instances.c.instance_id == order_id)).first()
    if row is None:
        raise Refused(f"there is no order {order_id}", 404)
    order = Order.model_validate(row.data)
    return {
        **summary(row),
        "revision": row.revision,
        "items": order.items,
        "attempt": order.attempt,
        "in_clearing": order.in_clearing,
        "quote": order.quote,
        "placed_at": order.placed_at,
        "price_guaranteed_until": price_guaranteed_until(order),
        "attention_for": row.state.partition("/")[2] if row.state.startswith("needs_attention") else None,
        "history": view.history(connection, saga_tables, order_flow.name, order_id),
        "deadlines": view.deadlines(connection, bus_tables.timers, order_id),
        "undo": view.open_undos(row.undos),
    }


def summary(row: Any) -> dict[str, Any]:
    return {
        "order_id": row.instance_id,
        "state": name_of(row.state),
        "total": row.data["total"],
        "customer_id": row.data["customer"]["id"],
        "reason": row.data["reason"] or None,
    }


def page(connection: sa.Connection, state: str | None, limit: int, after: str | None) -> dict[str, Any]:
    """Orders, oldest first."""
    orders = sa.select(instances).where(instances.c.flow == order_flow.name)  # as the index by age begins
    query = orders.order_by(instances.c.created_at, instances.c.instance_id).limit(limit + 1)
    if state is not None:
        query = query.where((instances.c.state == state) | instances.c.state.startswith(f"{state}/", autoescape=True))
    if after is not None:
        query = query.where(sa.tuple_(instances.c.created_at, instances.c.instance_id) > sa.tuple_(*position(after)))
    rows = connection.execute(query).all()
    more = len(rows) > limit
    return {"items": [summary(row) for row in rows[:limit]], "next": cursor(rows[limit - 1]) if more else None}


def cursor(row: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps([row.created_at.isoformat(), row.instance_id]).encode()).decode()


def position(after: str) -> tuple[Any, Any]:
    """Raises Refused for a cursor that we did not make."""
    try:
        created_at, instance_id = json.loads(base64.urlsafe_b64decode(after.encode()))
        at = datetime.fromisoformat(created_at).astimezone(UTC)
        return sa.literal(at, instances.c.created_at.type), sa.literal(str(UUID(instance_id)))
    except (binascii.Error, AttributeError, OverflowError, RecursionError, TypeError, ValueError):
        raise Refused("`after` is not a cursor of this list: give the `next` of an earlier page") from None
