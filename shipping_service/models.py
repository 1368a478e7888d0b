"""The shipping service's tables, and the stores over them."""

import sqlalchemy as sa

from bus.records import Records
from bus.tables import BusTables
from shipping_service.shipment import Shipment

metadata = sa.MetaData()
bus_tables = BusTables(metadata)

shipments = sa.Table(
    "shipments",
    metadata,
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),  # with_carrier | shipped | failed | cancelled
    sa.Column("shipment_id", sa.Text, nullable=True, unique=True),
    sa.Column("cancel_wished", sa.Boolean, nullable=False),
    sa.Column("carrier", sa.Text, nullable=True),
    sa.Column("tracking_number", sa.Text, nullable=True),
    sa.Column("reason", sa.Text, nullable=True),
)


class Shipments(Records[Shipment]):
    table = shipments
    record = Shipment
