"""The outbox: what was said in a transaction, stored in it, and published after it.

Pattern: Transactional Outbox (Richardson, Microservices Patterns). A row is born with a lease: for that long,
publishing it is the job of the process that committed it. What a crash leaves behind is swept up once its lease is
over. Two who publish one row do no harm, as the receiver's inbox absorbs the second; a row is deleted only after a
confirm.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

import sqlalchemy as sa

from bus.envelope import Envelope
from bus.unit import Context, UnitOfWork

LEASE_SECONDS = 5.0
SWEEP_LIMIT = 500


def stage(unit: UnitOfWork) -> None:
    """Store what the unit is going to say."""
    if unit.outgoing:
        times = {"at": unit.machine, "lease_until": unit.machine + LEASE_SECONDS}
        rows = [{"message_id": e.id, "command": e.command, **e.to_row(), **times} for e in unit.outgoing]
        unit.writes.insert(unit.service.tables.outbox, rows)


def everything(outbox: sa.Table) -> sa.Select[Any]:
    return sa.select(outbox.c.headers, outbox.c.body, outbox.c.command)


def sweep(context: Context) -> list[Envelope]:
    """Lease rows whose lease is over, oldest first, and return them to be published again."""
    unit = context.unit
    values = {"now": unit.machine, "until": unit.machine + LEASE_SECONDS, "most": SWEEP_LIMIT}
    return [Envelope.from_row(row) for row in unit.connection.execute(_lease(unit.service.tables.outbox), values)]


@cache
def _lease(outbox: sa.Table) -> Any:
    overdue = (
        sa.select(outbox.c.message_id)
        .where(outbox.c.lease_until < sa.bindparam("now"))
        .order_by(outbox.c.lease_until)
        .limit(sa.bindparam("most"))
        .with_for_update(skip_locked=True)
        .cte("overdue")  # evaluated once; a subquery might be evaluated again and again, and take more
    )
    claim = sa.update(outbox).where(outbox.c.message_id.in_(sa.select(overdue.c.message_id)))
    claim = claim.values(lease_until=sa.bindparam("until"))
    return claim.returning(outbox.c.headers, outbox.c.body, outbox.c.command)


def forget(unit: UnitOfWork, confirmed: Iterable[str]) -> None:
    """Delete rows that the transport has confirmed."""
    unit.writes.delete(unit.service.tables.outbox, [{"message_id": message_id} for message_id in confirmed])
