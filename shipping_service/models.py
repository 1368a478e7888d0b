"""The shipping service's tables, and the stores over them."""

from collections.abc import Iterable

import sqlalchemy as sa

from bus.records import Records
from bus.tables import BusTables
from bus.unit import Store, UnitOfWork
from bus.upsert import insert_or_update
from shipping_service.shipment import Mode, Shipment

metadata = sa.MetaData()
bus_tables = BusTables(metadata)

shipments = sa.Table(
    "shipments",
    metadata,
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),  # pending | leased | with_carrier | shipped | failed | cancelled
    sa.Column("shipment_id", sa.Text, nullable=True, unique=True),
    sa.Column("cancel_wished", sa.Boolean, nullable=False),
    sa.Column("pick_id", sa.Text, nullable=True),
    sa.Column("recipient", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("queued_at", sa.Double, nullable=True, index=True),
    sa.Column("lease_until", sa.Double, nullable=True, index=True),
    sa.Column("carrier", sa.Text, nullable=True),
    sa.Column("tracking_number", sa.Text, nullable=True),
    sa.Column("reason", sa.Text, nullable=True),
)
carrier = sa.Table(
    "carrier",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("mode", sa.Text, nullable=False),  # push | pull
    sa.CheckConstraint("id = 1", name="one_carrier"),
)


def queue(column: sa.ColumnElement[float], waiting: sa.ColumnElement[bool]) -> sa.Select[str]:
    """The smallest first, but for those that another replica has in hand."""
    query = sa.select(shipments.c.reference).where(waiting).order_by(column, shipments.c.reference)
    return query.limit(sa.bindparam("most")).with_for_update(skip_locked=True)


PENDING = queue(shipments.c.queued_at, shipments.c.queued_at.is_not(None))
LEASE_OVER = queue(shipments.c.lease_until, shipments.c.lease_until <= sa.bindparam("machine"))
ANY_PENDING = sa.select(sa.exists().where(shipments.c.queued_at.is_not(None)))
ANY_LEASE_OVER = sa.select(sa.exists().where(shipments.c.lease_until <= sa.bindparam("machine")))
MODE = sa.select(carrier.c.mode)


class Shipments(Records[Shipment]):
    table = shipments
    record = Shipment

    def with_id(self, shipment_id: str) -> Shipment | None:
        query = sa.select(shipments.c.reference).where(shipments.c.shipment_id == shipment_id)
        reference = self.connection.execute(query).scalar()
        return None if reference is None else self.get(reference)

    def pending(self, most: int) -> list[Shipment]:
        """Up to so many that nobody has, those first that have waited longest."""
        return self._lock(PENDING, {"most": most})

    def lease_over(self, machine: float, most: int) -> list[Shipment]:
        """Up to so many whose lease is over, those first whose lease was over first."""
        return self._lock(LEASE_OVER, {"machine": machine, "most": most})

    def _lock(self, query: sa.Select[str], values: dict[str, float]) -> list[Shipment]:
        """The records, in the query's sequence."""
        self.unit.flush()  # the query must see what was changed in it
        references = self.connection.execute(query, values).scalars().all()
        self.preload(references)
        return list(self._found(references))

    def _found(self, references: Iterable[str]) -> Iterable[Shipment]:
        return (shipment for reference in references if (shipment := self.get(reference)) is not None)


class Carrier(Store):
    """How parcels get to carriers: pushed, unless somebody said otherwise."""

    def __init__(self, unit: UnitOfWork) -> None:
        super().__init__(unit)
        self._mode: Mode | None = None

    def mode(self) -> Mode:
        if self._mode is None:
            self._mode = mode_of(self.connection)
        return self._mode

    def change(self, mode: Mode) -> None:
        self._mode = mode
        self.connection.execute(insert_or_update(self.connection, carrier, {"id": 1, "mode": mode}))


def is_lease_over(connection: sa.Connection, machine: float) -> bool:
    """Of some job."""
    return bool(connection.scalar(ANY_LEASE_OVER, {"machine": machine}))


def is_pushing_due(connection: sa.Connection, _machine: float) -> bool:
    """Nobody will ask for what waits."""
    return bool(connection.scalar(ANY_PENDING)) and mode_of(connection) == "push"


def mode_of(connection: sa.Connection) -> Mode:
    return connection.execute(MODE).scalar() or "push"
