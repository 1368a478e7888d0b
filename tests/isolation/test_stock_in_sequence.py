"""Two replicas of inventory whose batches touch the same SKUs in opposite sequences."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from bus.database import Database
from bus.message import Message
from bus.unit import Context
from inventory_service.app import service
from inventory_service.handlers import count_stock
from inventory_service.messages import FetchGoods, Item, ReleaseGoods
from inventory_service.models import Stock, stock
from inventory_service.neighbours import GoodsShipped
from tests.isolation.conftest import Open
from tests.isolation.replicas import PATIENCE_SECONDS, Replicas, calling, handling

SKUS = ("a", "b", "c")


def fetch(reference: str, sku: str) -> FetchGoods:
    return FetchGoods(reference=reference, items=[Item(sku=sku, quantity=1)])


FETCHED = [fetch(f"held-{sku}", sku) for sku in SKUS]
LAST_SKU_FIRST: dict[str, Sequence[Message]] = {
    "fetched": [fetch(f"new-{sku}", sku) for sku in reversed(SKUS)],
    "released": [ReleaseGoods(reference=f"held-{sku}") for sku in reversed(SKUS)],
    "shipped": [GoodsShipped(reference=f"held-{sku}") for sku in reversed(SKUS)],
}


@pytest.fixture
def inventory(replicas_of: Open) -> Replicas:
    """Ten pieces of each SKU, one of them reserved."""

    def count(context: Context) -> None:
        for sku in SKUS:
            count_stock(sku, 10, context)

    inventory = replicas_of(service())
    calling(count)(inventory.journey)
    inventory.tell(*FETCHED, prefix="fetched")
    return inventory


def held_while_it_waits_for_the_first(inventory: Replicas, messages: Sequence[Message]) -> set[str]:
    """What a batch has locked by the time that it comes upon `a`, which another replica has in hand."""
    works = inventory.incoming(*messages, prefix="told")
    replica = inventory.journey_on(inventory.keep(Database(inventory.url)))
    with ThreadPoolExecutor(1) as thread, inventory.database.transaction() as other:
        other.execute(sa.select(stock).where(stock.c.sku == "a").with_for_update())
        handled = thread.submit(handling(works), replica)
        assert inventory.waits(handled)
        free = set(other.execute(sa.select(stock.c.sku).with_for_update(skip_locked=True)).scalars())
        other.commit()
        handled.result(PATIENCE_SECONDS)
    return set(SKUS) - free


@pytest.mark.parametrize("messages", LAST_SKU_FIRST.values(), ids=LAST_SKU_FIRST.keys())
def test_a_batch_locks_its_stock_in_sku_sequence(inventory: Replicas, messages: Sequence[Message]) -> None:
    """Whoever waits for one SKU holds none after it, so nobody waits in a circle."""
    assert held_while_it_waits_for_the_first(inventory, messages) == set()


def test_stock_locked_message_by_message_is_noticed(inventory: Replicas, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: what the batch is going to move is not locked beforehand."""
    monkeypatch.setattr(Stock, "prepare", lambda *_: None)
    assert held_while_it_waits_for_the_first(inventory, LAST_SKU_FIRST["fetched"]) == {"b", "c"}
