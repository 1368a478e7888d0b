"""The last line of defence: the database itself refuses stock below zero."""

import pytest
import sqlalchemy as sa

from bus.errors import Conflict
from inventory_service.models import Stock, stock
from tests.inventory_service.words import count, levels
from tests.service_bench import ServiceBench


@pytest.mark.parametrize("place", ["on_hand", "reserved", "shipped"])
def test_no_place_can_hold_less_than_nothing(bench: ServiceBench, place: str) -> None:
    count(bench, a=5)
    with pytest.raises(sa.exc.IntegrityError, match="below_zero"), bench.database.transaction() as connection:
        connection.execute(sa.update(stock).values({place: -1}))
    assert levels(bench)["a"] == (5, 0, 0)


def test_goods_that_are_not_reserved_cannot_be_moved_on(bench: ServiceBench) -> None:
    count(bench, a=5)
    with pytest.raises(Conflict, match="stock, one of a has not as much"):
        bench.call(lambda context: context.store(Stock).move({"a": 1}, "reserved", "shipped"))
    assert levels(bench)["a"] == (5, 0, 0)
