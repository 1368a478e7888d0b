"""What can be seen of a flow's instances: for endpoints and operators. Reads only."""

from typing import Any

import sqlalchemy as sa

from saga.deadlines import DeadlineReached
from saga.state import name_of
from saga.tables import SagaTables


def history(connection: sa.Connection, tables: SagaTables, flow: str, instance_id: str) -> list[dict[str, Any]]:
    """Every transition: when, from, to, because of which message, sending which; by whom and why, if it was said."""
    table = tables.history
    query = sa.select(table).where(table.c.instance_id == instance_id, table.c.flow == flow).order_by(table.c.step)
    return [
        {
            "at": row.at,
            "from": name_of(row.from_state),
            "to": name_of(row.to_state),
            "because": row.because,
            "message_id": row.message_id,
            "sent": row.sent,
            "author": row.author or None,
            "reason": row.reason or None,
        }
        for row in connection.execute(query)
    ]


def deadlines(connection: sa.Connection, timers: sa.Table, subject: str) -> list[dict[str, Any]]:
    """The armed deadlines of everything about one subject, the nearest first."""
    query = sa.select(timers.c.name, timers.c.due_at, timers.c.headers).where(timers.c.subject == subject)
    rows = connection.execute(query.order_by(timers.c.due_at))
    return [{"name": row.name, "due_at": row.due_at} for row in rows if DeadlineReached.wire_name in row.headers]


def open_undos(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What would have to be undone now, or is being undone."""
    return [entry for entry in entries if entry["status"] in ("recorded", "sent")]
