"""Stock over HTTP."""

from typing import Any

import httpx
import pytest

from tests.inventory_service.words import count, fetch, levels, received, shipped
from tests.service_bench import ServiceBench


async def test_stock_shows_where_the_goods_are(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    assert (await client.put("/stock/a", json={"on_hand": 10})).status_code == 200
    bench.tell(fetch("r-1", ("a", 3)))
    bench.tell(fetch("r-2", ("a", 2)))
    bench.tell(shipped("r-2"))
    response = await client.get("/stock/a")
    assert response.status_code == 200
    assert response.json() == {"sku": "a", "on_hand": 5, "reserved": 3, "shipped": 2}


async def test_a_count_books_the_difference(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    for on_hand in (10, 10, 4, 0, 7):
        assert (await client.put("/stock/a", json={"on_hand": on_hand})).json() == {"sku": "a", "on_hand": on_hand}
    assert sorted(received(bench)) == sorted([("a", 10), ("a", -6), ("a", -4), ("a", 7)])
    assert levels(bench) == {"a": (7, 0, 0)}


async def test_a_count_leaves_alone_what_is_reserved(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    count(bench, a=5)
    bench.tell(fetch("r-1", ("a", 3)))
    await client.put("/stock/a", json={"on_hand": 1})
    assert levels(bench)["a"] == (1, 3, 0)


async def test_a_sku_may_be_known_and_out_of_stock(client: httpx.AsyncClient) -> None:
    await client.put("/stock/a", json={"on_hand": 0})
    assert (await client.get("/stock/a")).json() == {"sku": "a", "on_hand": 0, "reserved": 0, "shipped": 0}


async def test_an_unknown_sku_is_a_problem(client: httpx.AsyncClient) -> None:
    response = await client.get("/stock/unknown")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert "'unknown'" in response.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {"on_hand": -1},
        {"on_hand": 1.5},
        {"on_hand": "5"},
        {"on_hand": True},
        {"on_hand": None},
        {"on_hand": 10**13},
        {"on_hand": 5, "reserved": 5},
        {},
        [],
    ],
)
async def test_what_is_no_count_is_refused_and_nothing_stored(
    client: httpx.AsyncClient, bench: ServiceBench, body: Any
) -> None:
    response = await client.put("/stock/a", json=body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert levels(bench) == {}
    assert received(bench) == []


@pytest.mark.parametrize("sku", ["%00", "x" * 201])
async def test_an_impossible_sku_is_refused(client: httpx.AsyncClient, bench: ServiceBench, sku: str) -> None:
    assert (await client.put(f"/stock/{sku}", json={"on_hand": 1})).status_code == 422
    assert levels(bench) == {}


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 6])
async def test_the_pages_of_the_list_hold_every_sku_once(
    client: httpx.AsyncClient, bench: ServiceBench, limit: int
) -> None:
    count(bench, c=3, a=1, e=5, b=2, d=4)
    items: list[dict[str, Any]] = []
    query: dict[str, Any] | None = {"limit": limit}
    while query is not None:
        page = (await client.get("/stock", params=query)).json()
        assert len(page["items"]) <= limit
        items += page["items"]
        assert len(items) <= 5
        query = {"limit": limit, "after": page["next"]} if page["next"] else None
    assert [(item["sku"], item["on_hand"]) for item in items] == [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5)]


async def test_the_list_of_no_stock_is_empty(client: httpx.AsyncClient) -> None:
    assert (await client.get("/stock")).json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    "query", ["after=nonsense!", "after=", "after=%C3%A9", "after=AA==", "after=_w==", "limit=0", "limit=501"]
)
async def test_a_list_that_cannot_be_is_refused(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get(f"/stock?{query}")
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
