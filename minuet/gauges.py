"""What lies in the tables of the services, counted when somebody asks: `/metrics`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bus.errors import Unavailable
from bus.host import Host


def routes(registry: CollectorRegistry, hosts: Sequence[Host]) -> APIRouter:
    registry.register(Tables(hosts))
    router = APIRouter(tags=["metrics"])

    @router.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


@dataclass(frozen=True)
class Gauge:
    name: str
    words: str
    labels: tuple[str, ...] = ()


OUTBOX = Gauge("minuet_outbox_messages", "Committed messages that are not confirmed yet")
OUTBOX_AGE = Gauge("minuet_outbox_oldest_seconds", "For how long the oldest of them has been waiting")
EFFECTS = Gauge("minuet_effects_open", "Calls to the outside world that are intended and have not come back")
TIMERS = Gauge("minuet_timers_armed", "Timers that have not gone off")
OVERDUE = Gauge("minuet_timers_overdue", "Timers that are due and have not gone off")
DEAD = Gauge("minuet_dead_letters", "Messages that could not be handled", ("status",))
GAUGES = (OUTBOX, OUTBOX_AGE, EFFECTS, TIMERS, OVERDUE, DEAD)

Sample = tuple[Gauge, tuple[str, ...], float]


class Tables(Collector):
    """A service whose database is away has no samples: nobody knows."""

    def __init__(self, hosts: Sequence[Host]) -> None:
        self._hosts = hosts

    def collect(self) -> Iterable[GaugeMetricFamily]:
        families = {g: GaugeMetricFamily(g.name, g.words, labels=("service", *g.labels)) for g in GAUGES}
        for host in self._hosts:
            for gauge, labels, value in samples(host):
                families[gauge].add_metric((host.service.name, *labels), value)
        return families.values()


def samples(host: Host) -> list[Sample]:
    try:
        with host.database.reading() as connection:
            return list(counted(host, connection))
    except (sa.exc.SQLAlchemyError, Unavailable):
        return []


def counted(host: Host, connection: sa.Connection) -> Iterator[Sample]:
    tables = host.service.tables
    waiting, since = connection.execute(sa.select(sa.func.count(), sa.func.min(tables.outbox.c.at))).one()
    yield OUTBOX, (), waiting
    yield OUTBOX_AGE, (), 0.0 if since is None else max(0.0, host.clock.machine() - since)
    yield EFFECTS, (), count(connection, tables.effects)
    yield TIMERS, (), count(connection, tables.timers)
    yield OVERDUE, (), count(connection, tables.timers, tables.timers.c.due_at <= host.clock.now())
    status_of = tables.dead_letters.c.status
    by_status = connection.execute(sa.select(status_of, sa.func.count()).group_by(status_of))
    found = {row[0]: row[1] for row in by_status}
    for status in ("retrying", "parked", "redriven", "discarded"):
        yield DEAD, (status,), found.get(status, 0)


def count(connection: sa.Connection, table: sa.Table, *conditions: Any) -> int:
    found: int = connection.execute(sa.select(sa.func.count()).select_from(table).where(*conditions)).scalar_one()
    return found
