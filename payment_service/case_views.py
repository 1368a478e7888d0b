"""What the call centre sees of clearing cases. Reads only."""

from typing import Any, Literal

import sqlalchemy as sa

from bus import paging
from bus.envelope import rfc3339
from bus.paging import Place
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
    """Cases, oldest first. Raises Refused for a cursor that we did not make."""
    its_payment = (instances.c.instance_id == cases.c.reference + "/" + sa.cast(cases.c.attempt, sa.Text)) & (
        instances.c.flow == payment_flow.name
    )
    further = paging.beyond(cases.c.opened_at, cases.c.case_id, paging.place(after, paging.business_time))
    query = sa.select(cases, instances.c.data).join(instances, its_payment).where(further)
    if state is not None:
        query = query.where(LISTED[state])
    rows = connection.execute(query.order_by(cases.c.opened_at, cases.c.case_id).limit(limit + 1))
    return paging.page(((Place(row.opened_at, row.case_id), with_payment(row)) for row in rows), limit)


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
