"""What the call centre sees of clearing cases. Reads only."""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from bus.envelope import rfc3339
from bus.errors import Refused
from payment_service.flow import payment_flow
from payment_service.models import clearing_cases, saga_tables
from payment_service.payment import Payment

State = Literal["open", "claimed", "resolved", "withdrawn", "expired"]

cases = clearing_cases
instances = saga_tables.instances

LISTED: dict[State, sa.ColumnElement[bool]] = {
    "open": cases.c.outcome.is_(None),  # claimed or not
    "claimed": cases.c.outcome.is_(None) & cases.c.agent.is_not(None),
    "resolved": cases.c.outcome.in_(("new_card", "gave_up")),
    "withdrawn": cases.c.outcome == "withdrawn",  # called off by whoever asked for the money
    "expired": cases.c.outcome == "expired",
}


def page(connection: sa.Connection, state: State | None, limit: int, after: str | None) -> dict[str, Any]:
    """Cases, oldest first."""
    same_payment = (instances.c.instance_id == cases.c.reference + "/" + sa.cast(cases.c.attempt, sa.Text)) & (
        instances.c.flow == payment_flow.name
    )
    query = sa.select(cases, instances.c.data).join(instances, same_payment)
    query = query.order_by(cases.c.opened_at, cases.c.case_id).limit(limit + 1)
    if state is not None:
        query = query.where(LISTED[state])
    if after is not None:
        query = query.where(sa.tuple_(cases.c.opened_at, cases.c.case_id) > sa.tuple_(*position(after)))
    rows = connection.execute(query).all()
    more = len(rows) > limit
    return {"items": [with_payment(row) for row in rows[:limit]], "next": cursor(rows[limit - 1]) if more else None}


def with_payment(row: Any) -> dict[str, Any]:
    """The case, and whom to call about how much."""
    payment = Payment.model_validate(row.data)
    return {**case(row), "amount": payment.money(payment.to_charge), "payer": payment.payer}


def case(row: Any) -> dict[str, Any]:
    """From a row, or the record of one."""
    return {
        "case_id": row.case_id,
        "reference": row.reference,
        "attempt": row.attempt,
        "reason": row.reason,
        "opened_at": rfc3339(row.opened_at),
        "agent": row.agent,
        "state": state_of(row),
        "escalated_at": row.escalated_at and rfc3339(row.escalated_at),
        "outcome": row.outcome,
        "note": row.note or None,
        "closed_at": row.closed_at and rfc3339(row.closed_at),
    }


def state_of(row: Any) -> State:
    match row.outcome:
        case None:
            return "open" if row.agent is None else "claimed"
        case "withdrawn" | "expired":
            closed: State = row.outcome
            return closed
        case _:
            return "resolved"


def cursor(row: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps([row.opened_at.isoformat(), row.case_id]).encode()).decode()


def position(after: str) -> tuple[Any, Any]:
    """Raises Refused for a cursor that we did not make."""
    try:
        opened_at, case_id = json.loads(base64.urlsafe_b64decode(after.encode()))
        at = datetime.fromisoformat(opened_at).astimezone(UTC)
        return sa.literal(at, cases.c.opened_at.type), sa.literal(str(UUID(case_id)))
    except (binascii.Error, AttributeError, OverflowError, RecursionError, TypeError, ValueError):
        raise Refused("`after` is not a cursor of this list: give the `next` of an earlier page") from None
