"""A service does not start on a database that holds instances of a revision that its code does not know."""

from collections.abc import Iterator

import sqlalchemy as sa

from bus.errors import Unfit
from bus.service import Check
from saga.flow import Flow
from saga.keeping import Keeper
from saga.tables import SagaTables


def knows_all(*keepers: Keeper) -> Check:
    """For `Service.checks`."""

    def check(connection: sa.Connection) -> None:
        """Raises Unfit. Whoever has ended does no harm: see `Flow.of`."""
        found = [line for k in keepers for line in unknown(connection, k.instances.tables, k.flow)]
        if found:
            raise Unfit("; ".join(found))

    return check


def unknown(connection: sa.Connection, tables: SagaTables, flow: Flow) -> Iterator[str]:
    table = tables.instances
    is_older, is_newer = table.c.revision < flow.oldest.revision, table.c.revision > flow.revision
    query = sa.select(table.c.revision, table.c.state, sa.func.count()).where(table.c.flow == flow.name)
    query = query.where(is_older | is_newer).group_by(table.c.revision, table.c.state)
    live: dict[int, int] = {}
    for revision, state, count in connection.execute(query.order_by(table.c.revision)):
        ends = flow.oldest.ends if revision < flow.oldest.revision else flow.ends
        if state not in ends:
            live[revision] = live.get(revision, 0) + count
    yield from (told(flow, revision, count) for revision, count in live.items())


def told(flow: Flow, revision: int, count: int) -> str:
    known = ", ".join(str(known) for known in sorted(flow.revisions))
    instances = "1 instance of it is" if count == 1 else f"{count} instances of it are"
    unknown = f"revision {revision} of the flow {flow.name} is unknown to this version, which knows {known}"
    start = f"{unknown}, and {instances} under way: start a version that knows revision {revision}"
    if revision > flow.revision:
        return f"{start}, which is a newer one"
    return f"{start} and a later one, and give `minuet flow migrate {flow.name}`, or let them end there"
