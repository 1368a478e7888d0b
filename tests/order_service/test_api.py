"""Orders over HTTP."""

import base64
import json
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bus.message import Message
from order_service.messages import PlaceOrder
from order_service.neighbours import (
    GoodsFetched,
    GoodsShipped,
    PaymentCancelled,
    PaymentReceived,
    ShipmentCancelled,
)
from order_service.placing import hash_of
from tests.order_service.asking import CARD, INVOICE, body, counts, hear, is_problem, outbox, outbox_ids, placed, show
from tests.service_bench import ServiceBench

NOBODYS = "00000000-0000-4000-8000-000000000000"  # an order of this id was never placed
PAID = (PaymentReceived,)
FETCHED = (*PAID, GoodsFetched)
SHIPPED = (*FETCHED, GoodsShipped)


# --- placing


async def test_an_order_is_placed(shop: httpx.AsyncClient, bench: ServiceBench) -> None:
    response = await shop.post("/orders", json=body("ann", ("tea", 2), ("pot", 1)))
    assert response.status_code == 201
    answer = response.json()
    until = (bench.clock.now() + timedelta(days=7)).isoformat().replace("+00:00", "Z")
    assert answer == {
        "order_id": answer["order_id"],
        "state": "awaiting_payment",
        "total": {"amount": 4500, "currency": "EUR"},
        "price_guaranteed_until": until,
    }
    assert outbox(bench) == ["order.order-placed.v1", "payment.retrieve-payment.v1"]


async def test_a_vip_may_pay_by_invoice(shop: httpx.AsyncClient, bench: ServiceBench) -> None:
    response = await shop.post("/orders", json=body("vip", payment=INVOICE))
    assert response.json()["state"] == "awaiting_goods"
    assert outbox(bench) == ["inventory.fetch-goods.v1", "order.order-placed.v1"]


async def test_a_vip_may_pay_by_card(shop: httpx.AsyncClient) -> None:
    assert (await shop.post("/orders", json=body("vip"))).json()["state"] == "awaiting_payment"


async def test_the_same_key_and_body_are_the_same_order(shop: httpx.AsyncClient, bench: ServiceBench) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = await shop.post("/orders", json=body(), headers=key)
    stored = counts(bench)
    hear(bench, first.json()["order_id"], PaymentReceived)
    said = outbox(bench)
    second = await shop.post("/orders", json=body(), headers=key)
    assert second.status_code == 201
    assert second.json() == {**first.json(), "state": "awaiting_goods"}
    assert counts(bench)["saga_instances"] == stored["saga_instances"] == 1
    assert outbox(bench) == said


async def test_the_same_key_with_another_body_is_refused(shop: httpx.AsyncClient, bench: ServiceBench) -> None:
    key = {"Idempotency-Key": "k-1"}
    await shop.post("/orders", json=body(), headers=key)
    before = counts(bench)
    sentence = is_problem(await shop.post("/orders", json=body("ann", ("tea", 3)), headers=key), 422)
    assert "Idempotency-Key" in sentence
    assert counts(bench) == before


def test_a_field_that_a_later_version_adds_makes_no_other_request_of_the_same_body() -> None:
    """Whoever asks again while it is being rolled out is answered, not refused."""

    class Later(PlaceOrder):
        gift: bool = False

    asked = {"order_id": NOBODYS, **body()}
    assert hash_of(Later.model_validate(asked)) == hash_of(PlaceOrder.model_validate(asked))
    assert hash_of(Later.model_validate({**asked, "gift": True})) != hash_of(PlaceOrder.model_validate(asked))


async def test_other_keys_and_none_are_other_orders(shop: httpx.AsyncClient, bench: ServiceBench) -> None:
    for headers in ({"Idempotency-Key": "k-1"}, {"Idempotency-Key": "k-2"}, {}, {}):
        await shop.post("/orders", json=body(), headers=headers)
    assert counts(bench)["saga_instances"] == 4


async def test_a_key_of_a_refused_request_may_be_used_again(shop: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "k-1"}
    is_problem(await shop.post("/orders", json=body("nobody"), headers=key), 422)
    assert (await shop.post("/orders", json=body(), headers=key)).status_code == 201


@pytest.mark.parametrize(
    ("request_body", "word"),
    [
        (body("nobody"), "nobody"),
        (body("ann", ("unknown", 1)), "unknown"),
        (body("ann", ("tea", 1), ("unknown", 1)), "unknown"),
        *[(body("ann", ("tea", quantity)), "quantity") for quantity in (0, -1, 1.5, "2", True, None, 10**30)],
        (body(payment=INVOICE), "invoice"),
        (body("ann", ("tea", 1), ("hat", 1)), "EUR, USD"),
        (body(payment={"method": "cash"}), "payment"),
        (body(payment={"method": "card"}), "token"),
        ({**body(), "items": []}, "items"),
        ({**body(), "items": [{"sku": "tea"}]}, "quantity"),
        ({**body(), "discount": 5}, "discount"),
        ({**body(), "customer_id": ""}, "customer_id"),
        ({**body(), "customer_id": "ann\x00"}, "customer_id"),
        (body("ann", ("tea\x00", 1)), "sku"),
        (body("ann", *[("tea", 1)] * 101), "items"),
        ([], "body"),
        (None, "body"),
    ],
)
async def test_what_can_be_no_order_is_refused_and_nothing_stored_and_nothing_sent(
    shop: httpx.AsyncClient, bench: ServiceBench, request_body: Any, word: str
) -> None:
    before = counts(bench)
    sentence = is_problem(await shop.post("/orders", json=request_body), 422)
    assert word in sentence
    assert counts(bench) == before
    assert outbox(bench) == []


async def test_a_total_that_no_order_may_have_is_refused(shop: httpx.AsyncClient) -> None:
    price = {"amount": 10**12, "currency": "EUR"}
    await shop.put("/catalogue/palace", json={"name": "palace", "price": price})
    assert (await shop.post("/orders", json=body("ann", ("palace", 1)))).status_code == 201
    is_problem(await shop.post("/orders", json=body("ann", ("palace", 2))), 422)


HOSTILE = [
    b'{"customer_id": "\\ud800", "items": [{"sku": "tea", "quantity": 1}], "payment": {"method": "invoice"}}',
    b'{"customer_id": "ann", "items": [{"sku": "\\udfff", "quantity": 1}], "payment": {"method": "invoice"}}',
    b'{"customer_id": "ann", "items": [{"sku": "tea", "quantity": ' + b"9" * 5000 + b"}]}",
    b'{"customer_id": "ann", "items": [{"sku": "tea", "quantity": 1e400}]}',
    b'{"customer_id": "ann", "items": [{"sku": "tea", "quantity": NaN}]}',
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    b'{"items": ' + b"[" * 900 + b"]" * 900 + b"}",
    b"\xff\xfe",
    b"{",
    b"",
]


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/orders"),
        ("PUT", "/customers/ann"),
        ("PUT", "/catalogue/tea"),
        ("POST", f"/orders/{NOBODYS}/price-decision"),
        ("POST", f"/orders/{NOBODYS}/attention"),
    ],
)
async def test_hostile_json_is_the_callers_fault(
    shop: httpx.AsyncClient, bench: ServiceBench, method: str, path: str, content: bytes
) -> None:
    before = counts(bench)
    response = await shop.request(method, path, content=content, headers={"Content-Type": "application/json"})
    assert 400 <= response.status_code < 500
    is_problem(response, response.status_code)
    assert counts(bench) == before


@pytest.mark.parametrize("path", ["/customers/%00", "/catalogue/%00", "/customers/" + "x" * 201])
async def test_an_impossible_name_in_a_path_is_refused(client: httpx.AsyncClient, path: str) -> None:
    person = {"name": "a", "email": "a@b", "address": "", "tier": "vip", "rewards_member": False}
    article = {"name": "a", "price": {"amount": 1, "currency": "EUR"}}
    is_problem(await client.put(path, json=article if path.startswith("/cat") else person), 422)


@pytest.mark.parametrize(
    "price",
    [
        {"amount": -1, "currency": "EUR"},
        {"amount": 1.0, "currency": "EUR"},
        {"amount": "1", "currency": "EUR"},
        {"amount": True, "currency": "EUR"},
        {"amount": 10**13, "currency": "EUR"},
        {"amount": 1, "currency": "euro"},
        {"amount": 1, "currency": "EUR\n"},
    ],
)
async def test_what_is_no_price_is_refused(client: httpx.AsyncClient, price: Any) -> None:
    is_problem(await client.put("/catalogue/tea", json={"name": "tea", "price": price}), 422)


# --- looking


async def test_an_order_is_shown_with_its_history(shop: httpx.AsyncClient, bench: ServiceBench) -> None:
    order_id = await placed(shop)
    hear(bench, order_id, PaymentReceived)
    shown = await show(shop, order_id)
    assert {name: shown[name] for name in ("order_id", "state", "total", "customer_id", "reason", "revision")} == {
        "order_id": order_id,
        "state": "awaiting_goods",
        "total": {"amount": 2000, "currency": "EUR"},
        "customer_id": "ann",
        "reason": None,
        "revision": 1,
    }
    assert [(row["from"], row["to"], row["because"], row["sent"]) for row in shown["history"]] == [
        ("start", "awaiting_payment", "PlaceOrder", ["OrderPlaced", "RetrievePayment"]),
        ("awaiting_payment", "awaiting_goods", "PaymentReceived", ["FetchGoods"]),
    ]
    assert all(row["message_id"] and row["at"] for row in shown["history"])
    due = (bench.clock.now() + timedelta(days=2)).isoformat().replace("+00:00", "Z")
    assert shown["deadlines"] == [{"name": "goods", "due_at": due}]
    assert [entry["undo"] for entry in shown["undo"]] == ["RefundPayment", "ReleaseGoods"]


@pytest.mark.parametrize("what", ["", "/cancel", "/price-decision", "/attention"])
@pytest.mark.parametrize("order_id", [NOBODYS])
async def test_an_unknown_order_is_not_found(client: httpx.AsyncClient, order_id: str, what: str) -> None:
    bodies = {
        "/cancel": None,
        "/price-decision": {"accept": True},
        "/attention": {"action": "retry", "reason": "r", "author": "a"},
    }
    path = f"/orders/{order_id}{what}"
    response = await (client.get(path) if not what else client.post(path, json=bodies[what]))
    assert order_id in is_problem(response, 404)


async def test_what_is_no_order_id_is_refused(client: httpx.AsyncClient) -> None:
    is_problem(await client.get("/orders/7"), 422)


# --- the customer's wishes


@pytest.mark.parametrize(
    ("heard", "state"),
    [((), "withdrawing_payment"), (PAID, "compensating"), (FETCHED, "cancelling_shipment")],
)
async def test_an_order_is_cancelled(
    shop: httpx.AsyncClient, bench: ServiceBench, heard: tuple[type[Message], ...], state: str
) -> None:
    order_id = await placed(shop)
    hear(bench, order_id, *heard)
    response = await shop.post(f"/orders/{order_id}/cancel")
    assert (response.status_code, response.json()["state"]) == (202, state)
    assert (await shop.post(f"/orders/{order_id}/cancel")).status_code == 202
    assert (await show(shop, order_id))["reason"] == "cancelled by the customer"


async def test_what_was_shipped_cannot_be_cancelled(shop: httpx.AsyncClient, bench: ServiceBench) -> None:
    order_id = await placed(shop)
    hear(bench, order_id, *SHIPPED)
    before = counts(bench)
    assert "too late" in is_problem(await shop.post(f"/orders/{order_id}/cancel"), 409)
    assert counts(bench) == before


async def awaiting_price_decision(
    shop: httpx.AsyncClient, bench: ServiceBench, amount: int = 1200, currency: str = "EUR"
) -> str:
    order_id = await placed(shop)
    changed = await shop.put("/catalogue/tea", json={"name": "tea", "price": {"amount": amount, "currency": currency}})
    assert changed.is_success
    bench.clock.advance(timedelta(days=7))
    bench.fire_timers()
    hear(bench, order_id, PaymentCancelled)
    return order_id


async def test_a_new_price_is_shown_and_accepted(shop: httpx.AsyncClient, bench: ServiceBench) -> None:
    order_id = await awaiting_price_decision(shop, bench)
    quote = (await show(shop, order_id))["quote"]
    assert (quote["number"], quote["total"]) == (2, {"amount": 2400, "currency": "EUR"})
    response = await shop.post(
        f"/orders/{order_id}/price-decision", json={"accept": True, "quote": quote, "token": "tok_2"}
    )
    assert (response.status_code, response.json()["state"]) == (202, "awaiting_payment")
    assert response.json()["total"] == {"amount": 2400, "currency": "EUR"}


@pytest.mark.parametrize(("amount", "currency"), [(1200, "USD"), (10**12, "EUR")])
async def test_a_price_that_the_order_cannot_have_leaves_it_the_one_it_had(
    shop: httpx.AsyncClient, bench: ServiceBench, amount: int, currency: str
) -> None:
    before = (await show(shop, await placed(shop)))["total"]
    order_id = await awaiting_price_decision(shop, bench, amount, currency)
    assert (await show(shop, order_id))["quote"]["total"] == before


async def test_a_new_price_is_declined(shop: httpx.AsyncClient, bench: ServiceBench) -> None:
    order_id = await awaiting_price_decision(shop, bench)
    response = await shop.post(f"/orders/{order_id}/price-decision", json={"accept": False})
    assert (response.status_code, response.json()["state"]) == (202, "cancelled")


async def test_another_quote_is_a_conflict(shop: httpx.AsyncClient, bench: ServiceBench) -> None:
    order_id = await awaiting_price_decision(shop, bench)
    path = f"/orders/{order_id}/price-decision"
    assert "current quote" in is_problem(await shop.post(path, json={"accept": True, "quote": 1}), 409)
    assert (await show(shop, order_id))["state"] == "awaiting_price_decision"


async def test_a_price_that_nobody_asked_about_is_a_conflict(shop: httpx.AsyncClient) -> None:
    order_id = await placed(shop)
    is_problem(await shop.post(f"/orders/{order_id}/price-decision", json={"accept": True}), 409)


@pytest.mark.parametrize(
    "decision",
    [
        {},
        {"accept": "yes"},
        {"accept": 1},
        {"accept": True, "quote": "2"},
        {"accept": True, "quote": {}},
        {"accept": True, "quote": {"nr": 2}},
    ],
)
async def test_what_is_no_decision_is_refused(shop: httpx.AsyncClient, bench: ServiceBench, decision: Any) -> None:
    order_id = await awaiting_price_decision(shop, bench)
    is_problem(await shop.post(f"/orders/{order_id}/price-decision", json=decision), 422)


# --- a person's attention


async def needs_attention(shop: httpx.AsyncClient, bench: ServiceBench) -> str:
    order_id = await placed(shop)
    await shop.post(f"/orders/{order_id}/cancel")
    bench.clock.advance(timedelta(days=1))
    bench.fire_timers()
    shown = await show(shop, order_id)
    assert (shown["state"], shown["attention_for"]) == ("needs_attention", "withdrawing_payment/customer")
    return order_id


async def test_a_person_is_reminded_every_three_days_until_the_order_is_attended_to(
    shop: httpx.AsyncClient, bench: ServiceBench
) -> None:
    """Each reminder is a message of its own: a receiver's inbox does not take it for the one before."""
    order_id = await needs_attention(shop, bench)
    for _ in range(2):
        bench.clock.advance(timedelta(days=3))
        assert [name for name, _ in bench.fire_timers()] == ["order.order-needs-attention.v1"]
        assert (await show(shop, order_id))["state"] == "needs_attention"
    assert len(outbox_ids(bench, "order.order-needs-attention.v1")) == 3
    await shop.post(f"/orders/{order_id}/attention", json=attention("close"))
    bench.clock.advance(timedelta(days=30))
    assert bench.fire_timers() == []


def attention(action: str) -> dict[str, str]:
    return {"action": action, "reason": "the bank says no", "author": "ann"}


@pytest.mark.parametrize(
    ("action", "state", "said"),
    [("retry", "withdrawing_payment", "payment.cancel-payment.v1"), ("close", "closed", "order.order-closed.v1")],
)
async def test_a_person_retries_or_closes(
    shop: httpx.AsyncClient, bench: ServiceBench, action: str, state: str, said: str
) -> None:
    order_id = await needs_attention(shop, bench)
    before = Counter(outbox(bench))
    response = await shop.post(f"/orders/{order_id}/attention", json=attention(action))
    assert (response.status_code, response.json()["state"]) == (202, state)
    assert Counter(outbox(bench)) - before == Counter([said])


async def test_a_parcel_that_may_be_away_cannot_be_closed(shop: httpx.AsyncClient, bench: ServiceBench) -> None:
    order_id = await placed(shop)
    hear(bench, order_id, *FETCHED)
    await shop.post(f"/orders/{order_id}/cancel")
    bench.clock.advance(timedelta(days=1))
    bench.fire_timers()
    is_problem(await shop.post(f"/orders/{order_id}/attention", json=attention("close")), 409)
    hear(bench, order_id, ShipmentCancelled)
    assert (await show(shop, order_id))["state"] == "compensating"


async def test_what_needs_no_attention_is_a_conflict(shop: httpx.AsyncClient) -> None:
    order_id = await placed(shop)
    is_problem(await shop.post(f"/orders/{order_id}/attention", json=attention("close")), 409)


@pytest.mark.parametrize("missing", ["action", "reason", "author"])
async def test_attention_says_who_and_why(shop: httpx.AsyncClient, bench: ServiceBench, missing: str) -> None:
    order_id = await needs_attention(shop, bench)
    said = {name: value for name, value in attention("close").items() if name != missing}
    assert missing in is_problem(await shop.post(f"/orders/{order_id}/attention", json=said), 422)
    is_problem(await shop.post(f"/orders/{order_id}/attention", json=attention("shrug")), 422)


# --- the list


async def every_page(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        response = await client.get("/orders", params={**query, **after})
        assert response.status_code == 200, response.text
        page = response.json()
        items += page["items"]
        assert len(page["items"]) <= query["limit"]
        if page["next"] is None:
            return items
        after = {"after": page["next"]}


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 6])
async def test_the_pages_of_the_list_hold_every_order_once(
    shop: httpx.AsyncClient, bench: ServiceBench, limit: int
) -> None:
    early = sorted([await placed(shop), await placed(shop)])
    bench.clock.advance(timedelta(microseconds=1))
    late = sorted([await placed(shop), await placed(shop), await placed(shop)])
    assert [item["order_id"] for item in await every_page(shop, limit=limit)] == early + late


@pytest.mark.parametrize("limit", [1, 50])
async def test_the_list_of_one_state_holds_its_variants_and_nothing_else(
    shop: httpx.AsyncClient, bench: ServiceBench, limit: int
) -> None:
    await placed(shop)
    late = await placed(shop)
    bench.clock.advance(timedelta(days=7))
    bench.fire_timers()
    withdrawn = await placed(shop)
    await shop.post(f"/orders/{withdrawn}/cancel")
    hear(bench, late, PaymentCancelled)
    assert [i["order_id"] for i in await every_page(shop, state="awaiting_price_decision", limit=limit)] == [late]
    found = await every_page(shop, state="withdrawing_payment", limit=limit)
    assert len(found) == 2
    assert {item["state"] for item in found} == {"withdrawing_payment"}
    assert found[1]["order_id"] == withdrawn


async def test_the_list_of_no_orders_is_empty(client: httpx.AsyncClient) -> None:
    assert (await client.get("/orders")).json() == {"items": [], "next": None}


def forged(*position: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


@pytest.mark.parametrize(
    "after",
    [
        "nonsense!",
        "",
        "é",
        "AA==",
        "_w==",
        forged(),
        forged("2026-01-01"),
        forged(1, 2),
        forged("yesterday", NOBODYS),
        forged("9999-12-31T23:59:59-23:59", NOBODYS),
        forged("0001-01-01T00:00:00+23:59", NOBODYS),
        forged("2026-01-01T00:00:00+00:00", "\ud800"),
        forged("2026-01-01T00:00:00+00:00", "\x00"),
        forged({}, []),
        base64.urlsafe_b64encode(b"[" * 300 + b"]" * 60).decode(),
    ],
)
async def test_what_is_no_cursor_is_refused(client: httpx.AsyncClient, after: str) -> None:
    is_problem(await client.get("/orders", params={"after": after}), 422)


@pytest.mark.parametrize(
    "query", ["state=lost", "state=", "state=%00", "state=withdrawing_payment/price", "limit=0", "limit=501", "limit=x"]
)
async def test_a_list_that_cannot_be_is_refused(client: httpx.AsyncClient, query: str) -> None:
    is_problem(await client.get(f"/orders?{query}"), 422)


async def test_an_unexpected_key_is_refused(shop: httpx.AsyncClient) -> None:
    for key in ("", "x" * 201):
        is_problem(await shop.post("/orders", json=body(payment=CARD), headers={"Idempotency-Key": key}), 422)
