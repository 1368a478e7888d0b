"""What operators see of a service: its dead letters, its timers, and what operators did. Reads only."""

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bus.dead_letters import message_of
from bus.envelope import rfc3339
from bus.errors import Refused
from bus.paging import Entry, Place, beyond
from bus.service import Service
from bus.storable import storable
from bus.unreadable import REFUSED


def letters(
    connection: sa.Connection, service: Service, after: Place | None, limit: int, status: str | None = None
) -> list[Entry]:
    """Dead letters, the oldest first."""
    table = service.tables.dead_letters
    query = sa.select(table).where(beyond(table.c.first_at, table.c.letter_id, after))
    if status is not None:
        query = query.where(table.c.status == status)
    rows = connection.execute(query.order_by(table.c.first_at, table.c.letter_id).limit(limit))
    return [(Place(row.first_at, row.letter_id), letter(service, row)) for row in rows]


def one_letter(connection: sa.Connection, service: Service, letter_id: str) -> dict[str, Any]:
    """With headers and body as they arrived. Raises Refused with status 404."""
    table = service.tables.dead_letters
    row = connection.execute(sa.select(table).where(table.c.letter_id == letter_id)).first()
    if row is None:
        raise Refused(f"there is no dead letter {letter_id}", 404)
    found = json.loads(row.headers)
    headers = {storable(name): storable(value) for name, value in found.items() if name != REFUSED}
    return {**letter(service, row), "headers": headers, "body": row.body.decode("utf-8", "backslashreplace")}


def knows_letter(connection: sa.Connection, service: Service, letter_id: str) -> bool:
    letters = service.tables.dead_letters
    return connection.scalar(sa.select(sa.exists().where(letters.c.letter_id == letter_id))) is True


def letter(service: Service, row: Any) -> dict[str, Any]:
    message = message_of(row)
    return {
        "id": row.letter_id,
        "service": service.name,
        "status": row.status,
        "cause": row.cause,
        "attempts": row.attempts,
        "first_at": at(row.first_at),
        "next_attempt_at": None if row.next_attempt_at is None else at(row.next_attempt_at),
        "message_id": row.message_id,
        "type": message.type,
        "source": message.source,
        "subject": message.subject,
        "correlation_id": message.correlation_id,
        "causation_id": message.causation_id,
    }


def timers(
    connection: sa.Connection,
    service: Service,
    after: Place | None,
    limit: int,
    subject: str | None = None,
    name: str | None = None,
) -> list[Entry]:
    """Armed timers, the next first."""
    table = service.tables.timers
    query = sa.select(table).where(beyond(table.c.due_at, table.c.timer_id, after))
    if subject is not None:
        query = query.where(table.c.subject == subject)
    if name is not None:
        query = query.where(table.c.name == name)
    rows = connection.execute(query.order_by(table.c.due_at, table.c.timer_id).limit(limit))
    return [(Place(row.due_at, row.timer_id), timer(service, row)) for row in rows]


def knows_timer(connection: sa.Connection, service: Service, timer_id: str) -> bool:
    """It is armed, or something was done to it."""
    timers, actions = service.tables.timers, service.tables.operator_actions
    either = sa.exists().where(timers.c.timer_id == timer_id) | sa.exists().where(actions.c.target == timer_id)
    return connection.scalar(sa.select(either)) is True


def timer(service: Service, row: Any) -> dict[str, Any]:
    """`type` and `message`: what the service will tell itself; `wakes`: what waits for that, and for nothing else."""
    return {
        "id": row.timer_id,
        "service": service.name,
        "name": row.name,
        "subject": row.subject,
        "due_at": rfc3339(row.due_at),
        "type": json.loads(row.headers)["ce-type"],
        "message": json.loads(row.body),
        "wakes": row.wakes or None,
    }


def actions(
    connection: sa.Connection, service: Service, after: Place | None, limit: int, target: str | None = None
) -> list[Entry]:
    """What operators did, the oldest first."""
    table = service.tables.operator_actions
    query = sa.select(table).where(beyond(table.c.at, table.c.action_id, after))
    if target is not None:
        query = query.where(table.c.target == target)
    rows = connection.execute(query.order_by(table.c.at, table.c.action_id).limit(limit))
    return [(Place(row.at, row.action_id), action(service, row)) for row in rows]


def action(service: Service, row: Any) -> dict[str, Any]:
    return {
        "id": row.action_id,
        "service": service.name,
        "at": at(row.at),
        "author": row.author,
        "reason": row.reason,
        "action": row.action,
        "target": row.target,
        "detail": row.detail,
    }


def at(seconds: float) -> str:
    """Machine time, for people."""
    return rfc3339(datetime.fromtimestamp(seconds, UTC))
