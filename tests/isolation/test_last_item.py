"""Two replicas of inventory are asked for the last item at once."""

import pytest

from bus import journey
from bus.unit import Context
from inventory_service import models
from inventory_service.app import service
from inventory_service.handlers import count_stock
from inventory_service.messages import FetchGoods
from tests.isolation import planted
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


def test_what_was_read_without_a_lock_is_not_acted_upon(inventory: Replicas, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: no lock. The update has a condition of its own, and the second fetches anew."""
    planted.no_row_locks(monkeypatch)
    assert both_fetch(inventory).both == (["inventory.goods-fetched.v1"], ["inventory.goods-unavailable.v1"])


def test_a_check_before_the_update_instead_of_in_it_is_noticed(
    inventory: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: neither lock nor condition. What was read is no longer true; the table's constraint refuses it."""
    planted.without(monkeypatch, " FOR UPDATE", " AND stock.on_hand + new.on_hand >= 0")
    monkeypatch.setattr(journey, "RETRIES", 0)
    assert both_fetch(inventory).both != (["inventory.goods-fetched.v1"], ["inventory.goods-unavailable.v1"])
