"""Whatever is sent to an endpoint, it is done or refused with the reason, and the next request is answered."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from minuet.web import MAX_BODY_BYTES
from tests.hostile.answers import is_fit
from tests.hostile.endpoints import ENDPOINTS, EUROS, ORDER, PERSON, Endpoint
from tests.hostile.kept import BODIES, LARGE, VALUES, paths, written

PATIENCE_SECONDS = 20.0
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
async def known(client: httpx.AsyncClient) -> Mapping[str, str]:
    """An order with an open clearing case and a timer, so that requests get as far as they can."""
    await client.put("/customers/c-1", json=PERSON)
    for sku in ("tea", "pot"):
        await client.put(f"/catalogue/{sku}", json={"name": sku, "price": EUROS})
    declined = {**ORDER, "payment": {"method": "card", "token": "tok_declined"}}
    order = (await client.post("/orders", json=declined)).json()
    case = await first(client, "/clearing-cases")
    timer = await first(client, "/timers")
    ids = {"order_id": order["order_id"], "case_id": case["case_id"], "timer_id": timer["id"]}
    return defaultdict(lambda: "00000000-0000-0000-0000-000000000007", ids)


async def first(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    found = await eventually(client, path, lambda page: bool(page["items"]))
    item: dict[str, Any] = found["items"][0]
    return item


async def eventually(client: httpx.AsyncClient, path: str, holds: Callable[[Any], bool]) -> Any:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds(found := (await client.get(path)).json()):  # noqa: ASYNC110  (it comes to pass in a database)
            await asyncio.sleep(0.01)
    return found


async def send(client: httpx.AsyncClient, endpoint: Endpoint, known: Mapping[str, str], body: bytes) -> httpx.Response:
    answer = await client.request(endpoint.method, endpoint.url(known), content=body, headers=JSON)
    assert is_fit(answer)
    return answer


async def test_every_endpoint_that_takes_a_body_is_tried(client: httpx.AsyncClient) -> None:
    tried = {str(endpoint) for endpoint in ENDPOINTS}
    for document in ("/openapi.json", "/gateway/openapi.json"):
        for path, operations in (await client.get(document)).json()["paths"].items():
            for method, operation in operations.items():
                if "requestBody" in operation:
                    assert f"{method.upper()} {path}" in tried


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
async def test_a_hostile_body_is_answered(
    client: httpx.AsyncClient, known: Mapping[str, str], endpoint: Endpoint
) -> None:
    for body in BODIES.values():
        await send(client, endpoint, known, body)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
async def test_a_hostile_value_is_answered_wherever_it_stands(
    client: httpx.AsyncClient, known: Mapping[str, str], endpoint: Endpoint
) -> None:
    for number, way in enumerate(paths(endpoint.body)):
        for value in (VALUES if number else {**VALUES, **LARGE}).values():
            await send(client, endpoint, known, written(endpoint.body, way, value))


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "BREW"])
@pytest.mark.parametrize(
    "path",
    ["/", "/orders", "/orders/../../etc/passwd", "/stock/%ff", "/stock/%ed%a0%80", "/stock/%F0%9F%98%80", "/a" * 500],
)
async def test_an_address_that_makes_no_sense_is_answered(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, path)
    assert answer.status_code < 500
    assert method == "HEAD" or is_fit(answer)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=1e9", "limit=" + "9" * 5000, "after=%ff", "after=W10", "after=" + "W" * 501]
)
@pytest.mark.parametrize(
    "path", ["/orders", "/stock", "/clearing-cases", "/dead-letters", "/timers", "/operator-actions"]
)
async def test_a_query_that_makes_no_sense_is_refused(client: httpx.AsyncClient, path: str, query: str) -> None:
    answer = await client.get(f"{path}?{query}")
    assert answer.status_code in (404, 422), answer.text
    assert is_fit(answer)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", b"\xff"),
        ("Host", b"a" * 5000),
        ("Origin", b"http://["),
        ("Origin", b"http://[::1"),
        ("Origin", b"\xff"),
        ("Authorization", b"Bearer \xff"),
        ("Content-Type", b"application/json; charset=utf-7"),
        ("Content-Length", b"-1"),
        ("Content-Length", b"9" * 100),
        ("Content-Length", b"\xb2"),
        ("Idempotency-Key", b""),
        ("Idempotency-Key", b"\xff\x01"),
        ("Idempotency-Key", b"k" * 5000),
        ("Traceparent", b"00-zz"),
    ],
)
async def test_a_header_that_makes_no_sense_is_answered(client: httpx.AsyncClient, name: str, value: bytes) -> None:
    request = client.build_request("POST", "/orders", content=b"{}", headers=JSON)
    others = [(key, said) for key, said in request.headers.raw if key.lower() != name.lower().encode()]
    request.headers = httpx.Headers([*others, (name.encode(), value)])
    answer = await client.send(request)
    assert 400 <= answer.status_code < 500
    assert is_fit(answer)


@pytest.mark.parametrize("name", ["utf-16", "not-utf-8"])
async def test_a_body_in_another_encoding_is_refused_by_name(client: httpx.AsyncClient, name: str) -> None:
    """A parser that guesses encodings would find in it what no check has seen."""
    answer = await client.put("/stock/tea", content=BODIES[name], headers=JSON)
    assert (answer.status_code, answer.json()["detail"]) == (422, "the body must be JSON in UTF-8")


@pytest.mark.parametrize("name", ["deep-arrays", "a-million-digits"])
async def test_what_no_parser_takes_is_refused_with_the_reason(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.put("/stock/tea", content=BODIES[name], headers=JSON)
    assert (answer.status_code, "nested too deeply" in answer.json()["detail"]) == (400, True)


async def test_a_refusal_says_a_few_errors_and_how_many_there_are(client: httpx.AsyncClient) -> None:
    answer = await client.put("/stock/tea", content=BODIES["many-keys"], headers=JSON)
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 10
    assert answer.json()["detail"].endswith("and 4991 more")


@pytest.mark.parametrize("path", ["/stock/tea", "/gateway/charges"])
async def test_nul_and_size_are_checked_at_every_door(client: httpx.AsyncClient, path: str) -> None:
    method = "PUT" if path == "/stock/tea" else "POST"
    nul = await client.request(method, path, content=b'{"a": "\\u0000"}', headers=JSON)
    assert (nul.status_code, "NUL" in nul.json()["detail"]) == (422, True)
    large = await client.request(method, path, content=b" " * (MAX_BODY_BYTES + 1), headers=JSON)
    assert large.status_code == 413


async def test_afterwards_an_order_goes_its_way(client: httpx.AsyncClient) -> None:
    """Nothing of all that is left in the way of those who mean well."""
    await client.put("/customers/c-2", json=PERSON)
    await client.put("/catalogue/jar", json={"name": "jar", "price": EUROS})
    await client.put("/stock/jar", json={"on_hand": 5})
    await client.put("/carrier", json={"mode": "push"})
    wish = {**ORDER, "customer_id": "c-2", "items": [{"sku": "jar", "quantity": 1}]}
    order_id = (await client.post("/orders", json=wish)).json()["order_id"]
    await eventually(client, f"/orders/{order_id}", lambda order: order["state"] == "completed")
    assert (await client.get("/dead-letters")).json()["items"] == []
