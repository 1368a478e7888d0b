"""Two replicas of inventory are asked for the last item at once."""

import pytest
import sqlalchemy as sa

from bus.unit import Context
from inventory_service import models
from inventory_service.app import service
from inventory_service.handlers import count_stock
from inventory_service.messages import FetchGoods
from tests.isolation.conftest import Open
from tests.isolation.replicas import Meeting, Replicas, calling, handling


@pytest.fixture
def inventory(replicas_of: Open) -> Replicas:
    return replicas_of(service())


def fetch(reference: str) -> FetchGoods:
    return FetchGoods.model_validate({"reference": reference, "items": [{"sku": "LAST", "quantity": 1}]})


def both_fetch(inventory: Replicas) -> Meeting[list[str]]:
    def one_piece(context: Context) -> None:
        count_stock("LAST", 1, context)

    calling(one_piece)(inventory.journey)
    one = inventory.incoming(fetch("r-1"), prefix="one")
    other = inventory.incoming(fetch("r-2"), prefix="other")
    return inventory.meet(handling(one), handling(other))


def test_the_last_item_is_fetched_once(inventory: Replicas) -> None:
    """The second waits for the first, and is told that there is none left."""
    met = both_fetch(inventory)
    assert met.waited
    assert met.both == (["inventory.goods-fetched.v1"], ["inventory.goods-unavailable.v1"])
    (stock,) = inventory.rows(models.stock)
    assert (stock.on_hand, stock.reserved, stock.shipped) == (0, 1, 0)
    assert inventory.rows(models.bus_tables.dead_letters) == []


def test_a_check_before_the_update_instead_of_in_it_is_noticed(
    inventory: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: what was read without a lock is no longer true when acted upon; the table's constraint refuses it."""

    def check_first(self: models.Stock, sku: str, quantity: int) -> bool:
        on_hand = self.connection.execute(sa.select(models.stock.c.on_hand).where(models.stock.c.sku == sku)).scalar()
        if on_hand is None or on_hand < quantity:
            return False
        self.move({sku: quantity}, "on_hand", "reserved")
        return True

    monkeypatch.setattr(models.Stock, "reserve", check_first)
    monkeypatch.setattr(models.Stock, "prepare", lambda *_: None)
    assert both_fetch(inventory).both != (["inventory.goods-fetched.v1"], ["inventory.goods-unavailable.v1"])
