"""The order service's tables, and the stores over them."""

from collections.abc import Sequence, Set
from typing import Any

import sqlalchemy as sa

from bus import many
from bus.message import Message
from bus.tables import BusTables
from bus.unit import Store, UnitOfWork
from bus.upsert import insert_or_update
from order_service.messages import Money, PlaceOrder
from order_service.order import Customer
from saga.store import Instances
from saga.tables import SagaTables

metadata = sa.MetaData()
bus_tables = BusTables(metadata)
saga_tables = SagaTables(metadata)

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("tier", sa.Text, nullable=False),
    sa.Column("rewards_member", sa.Boolean, nullable=False),
)
catalogue = sa.Table(
    "catalogue",
    metadata,
    sa.Column("sku", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
)
requests = sa.Table(
    "requests",
    metadata,
    sa.Column("idempotency_key", sa.Text, primary_key=True),
    sa.Column("body_hash", sa.Text, nullable=False),
    sa.Column("order_id", sa.Text, nullable=False),
)


class Orders(Instances):
    """The instances of the order flow."""

    tables = saga_tables


CUSTOMERS = sa.select(customers).where(many.among(customers.c.id, "ids"))
PRICES = sa.select(catalogue.c.sku, catalogue.c.amount, catalogue.c.currency).where(many.among(catalogue.c.sku, "skus"))


class ShopStore(Store):
    """Customers and prices, read once per unit of work. See `rules.Shop`."""

    def __init__(self, unit: UnitOfWork) -> None:
        super().__init__(unit)
        self._customers: dict[str, Customer | None] = {}
        self._prices: dict[str, Money | None] = {}

    def prepare(self, messages: Sequence[Message]) -> None:
        placed = [message for message in messages if isinstance(message, PlaceOrder)]
        self._read_customers({place.customer_id for place in placed})
        self._read_prices({item.sku for place in placed for item in place.items})

    def customer(self, customer_id: str) -> Customer | None:
        self._read_customers({customer_id})
        return self._customers[customer_id]

    def price(self, sku: str) -> Money | None:
        self._read_prices({sku})
        return self._prices[sku]

    def _read_customers(self, ids: Set[str]) -> None:
        new = sorted(ids - self._customers.keys())
        if new:
            self._customers.update(dict.fromkeys(new))
            rows = self.connection.execute(CUSTOMERS, {"ids": new})
            self._customers.update((row.id, Customer(**row._mapping)) for row in rows)

    def _read_prices(self, skus: Set[str]) -> None:
        new = sorted(skus - self._prices.keys())
        if new:
            self._prices.update(dict.fromkeys(new))
            rows = self.connection.execute(PRICES, {"skus": new})
            self._prices.update((row.sku, Money(amount=row.amount, currency=row.currency)) for row in rows)

    def put_customer(self, customer: Customer) -> None:
        self.connection.execute(insert_or_update(self.connection, customers, customer.model_dump()))
        self._customers.clear()

    def put_price(self, sku: str, name: str, price: Money) -> None:
        row = {"sku": sku, "name": name, **price.model_dump()}
        self.connection.execute(insert_or_update(self.connection, catalogue, row))
        self._prices.clear()


class Requests(Store):
    """What was asked under which Idempotency-Key."""

    def find(self, key: str) -> Any | None:
        return self.connection.execute(sa.select(requests).where(requests.c.idempotency_key == key)).first()

    def remember(self, key: str, body_hash: str, order_id: str) -> None:
        row = {"idempotency_key": key, "body_hash": body_hash, "order_id": order_id}
        self.connection.execute(sa.insert(requests).values(row))
