"""Clearing cases: the call centre's work over HTTP, on the service's own bench."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from bus.message import Message
from tests.payment_service.words import (
    FAILED,
    IN_CLEARING,
    cancel,
    cases,
    charged,
    charges,
    declined,
    euros,
    later,
    not_charged,
    refund,
    retrieve,
)
from tests.service_bench import ServiceBench

GAVE_UP = {"outcome": "gave_up", "note": "wants no tea any more", "agent": "ann"}
NEW_CARD = {"outcome": "new_card", "token": "tok_ok", "note": "read it to me", "agent": "ann"}

Post = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def post(client: httpx.AsyncClient) -> Post:
    async def post(case_id: object, action: str, **body: Any) -> httpx.Response:
        return await client.post(f"/clearing-cases/{case_id}/{action}", json=body)

    return post


def opened(bench: ServiceBench, reference: str = "r-1", reason: str = "card declined") -> str:
    """A payment whose card was declined. Returns the id of its case."""
    bench.tell(retrieve(reference))
    declined(bench, reason)
    case_id: str = cases(bench)[-1]["case_id"]
    return case_id


async def listed(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await client.get("/clearing-cases", params=query)).raise_for_status().json()["items"]
    return items


async def payment(client: httpx.AsyncClient) -> Any:
    return (await client.get("/payments/r-1")).json()


def is_problem(response: httpx.Response, status: int, *words: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert all(word in response.json()["detail"] for word in words), response.json()["detail"]


async def test_a_declined_card_opens_a_case(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    bench.tell(retrieve())
    assert declined(bench, "card expired") == [
        (IN_CLEARING, {"reference": "r-1", "attempt": 1, "reason": "card expired"})
    ]
    (case,) = await listed(client, state="open")
    assert {name: case[name] for name in ("reference", "reason", "opened_at", "agent", "state", "attempt")} == {
        "reference": "r-1",
        "reason": "card expired",
        "opened_at": "2026-01-01T00:00:00.000000Z",
        "agent": None,
        "state": "open",
        "attempt": 1,
    }
    assert (case["amount"], case["payer"]["name"]) == (euros(10000), "Ada")
    assert (await payment(client))["state"] == "in_clearing"


async def test_an_agent_claims_a_case_which_stays_open_and_is_nobody_elses(
    client: httpx.AsyncClient, bench: ServiceBench, post: Post
) -> None:
    case_id = opened(bench)
    response = await post(case_id, "claim", agent="ann")
    assert (response.status_code, response.json()["agent"], response.json()["state"]) == (200, "ann", "claimed")
    assert (await post(case_id, "claim", agent="ann")).status_code == 200
    is_problem(await post(case_id, "claim", agent="bob"), 409, "another agent", "ann")
    is_problem(await post(case_id, "resolve", **{**GAVE_UP, "agent": "bob"}), 409, "another agent", "ann")
    assert [case["agent"] for case in await listed(client, state="open")] == ["ann"]
    assert (await payment(client))["state"] == "in_clearing"


async def test_a_new_card_is_charged_and_the_payment_received(
    client: httpx.AsyncClient, bench: ServiceBench, post: Post
) -> None:
    case_id = opened(bench)
    response = await post(case_id, "resolve", **NEW_CARD)
    assert (response.status_code, response.json()["state"], response.json()["outcome"]) == (200, "resolved", "new_card")
    assert await listed(client, state="open") == []
    assert (await payment(client))["state"] == "charging"
    charged(bench)
    assert (await payment(client))["state"] == "received"


async def test_giving_up_fails_the_payment(client: httpx.AsyncClient, bench: ServiceBench, post: Post) -> None:
    case_id = opened(bench)
    assert (await post(case_id, "resolve", **GAVE_UP)).json()["outcome"] == "gave_up"
    assert bench.said[-1] == (FAILED, {"reference": "r-1", "attempt": 1, "reason": "card declined"})
    shown = await payment(client)
    assert (shown["state"], shown["received"]) == ("failed", euros(0))


async def test_the_history_says_which_agent_did_what_and_why(
    client: httpx.AsyncClient, bench: ServiceBench, post: Post
) -> None:
    case_id = opened(bench)
    await post(case_id, "claim", agent="ann")
    await post(case_id, "resolve", **GAVE_UP)
    history = (await payment(client))["history"]
    assert [(step["because"], step["author"], step["reason"]) for step in history[2:]] == [
        ("ClaimCase", "ann", "claimed the case"),
        ("GiveUpCase", "ann", "wants no tea any more"),
    ]


@pytest.mark.parametrize("body", [GAVE_UP, NEW_CARD])
async def test_a_case_is_resolved_once(bench: ServiceBench, post: Post, body: dict[str, Any]) -> None:
    case_id = opened(bench)
    await post(case_id, "resolve", **body)
    said, intended = list(bench.said), list(bench.effects)
    is_problem(await post(case_id, "resolve", **NEW_CARD), 409, "closed", body["outcome"])
    is_problem(await post(case_id, "claim", agent="ann"), 409, "closed")
    assert (bench.said, bench.effects) == (said, intended)


@pytest.mark.parametrize("wish", [cancel(), refund()])
async def test_a_case_whose_payment_is_called_off_is_closed(
    client: httpx.AsyncClient, bench: ServiceBench, post: Post, wish: Message
) -> None:
    case_id = opened(bench)
    bench.tell(wish)
    assert [case["case_id"] for case in await listed(client, state="withdrawn")] == [case_id]
    is_problem(await post(case_id, "resolve", **NEW_CARD), 409, "closed", "withdrawn")


async def test_an_open_case_is_escalated_after_3_days_and_fails_after_14(
    client: httpx.AsyncClient, bench: ServiceBench, post: Post
) -> None:
    case_id = opened(bench)
    assert later(days=3)(bench) == []
    (case,) = await listed(client, state="open")
    assert case["escalated_at"] == "2026-01-04T00:00:00.000000Z"
    bench.clock.advance(timedelta(days=11) - timedelta(microseconds=1))
    assert bench.fire_timers() == []
    bench.clock.advance(timedelta(microseconds=1))
    assert [name for name, _ in bench.fire_timers()] == [FAILED]
    assert [case["case_id"] for case in await listed(client, state="expired")] == [case_id]
    is_problem(await post(case_id, "resolve", **NEW_CARD), 409, "closed", "expired")


async def test_the_next_card_has_its_own_case_with_its_own_days(
    client: httpx.AsyncClient, bench: ServiceBench, post: Post
) -> None:
    first = opened(bench)
    later(days=13)(bench)
    await post(first, "resolve", **NEW_CARD)
    declined(bench, "card expired")
    (second,) = await listed(client, state="open")
    assert second["case_id"] != first
    assert later(days=13)(bench) == []
    assert [name for name, _ in later(days=1)(bench)] == [FAILED]


async def test_every_case_is_listed_once_page_by_page(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    expected = []
    for number in range(7):
        bench.tell(retrieve(f"r-{number}"))
        declined(bench)
        bench.clock.advance(timedelta(minutes=number // 3))  # some are opened at one moment
        expected.append(f"r-{number}")
    found, after = [], None
    while True:
        page = (await client.get("/clearing-cases", params={"limit": 2, **({"after": after} if after else {})})).json()
        found += [case["reference"] for case in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert sorted(found) == expected


BAD_BODIES = [
    ("claim", {}),
    ("claim", {"agent": ""}),
    ("claim", {"agent": "nul\x00"}),
    ("claim", {"agent": 7}),
    ("claim", {"agent": "ann", "colour": "red"}),
    ("resolve", {**NEW_CARD, "outcome": "whatever"}),
    ("resolve", {**NEW_CARD, "token": None}),
    ("resolve", {**NEW_CARD, "token": ""}),
    ("resolve", {**NEW_CARD, "token": "x" * 201}),
    ("resolve", {**GAVE_UP, "token": "tok_ok"}),
    ("resolve", {**GAVE_UP, "note": ""}),
    ("resolve", {**GAVE_UP, "note": "nul\x00"}),
    ("resolve", {**GAVE_UP, "agent": ""}),
    ("resolve", {name: value for name, value in GAVE_UP.items() if name != "agent"}),
    ("resolve", {name: value for name, value in GAVE_UP.items() if name != "note"}),
]


@pytest.mark.parametrize(("action", "body"), BAD_BODIES)
async def test_bad_input_changes_and_says_nothing(
    client: httpx.AsyncClient, bench: ServiceBench, post: Post, action: str, body: dict[str, Any]
) -> None:
    case_id = opened(bench)
    before = (await payment(client), list(bench.said), len(bench.effects))
    is_problem(await post(case_id, action, **body), 422, "")
    assert (await payment(client), list(bench.said), len(bench.effects)) == before


@pytest.mark.parametrize("action", ["claim", "resolve"])
async def test_an_unknown_case_is_a_problem(post: Post, action: str) -> None:
    body = {"agent": "ann"} if action == "claim" else GAVE_UP
    case_id = uuid4()
    is_problem(await post(case_id, action, **body), 404, str(case_id))
    is_problem(await post("7", action, **body), 422, "case_id")


@pytest.mark.parametrize("query", [{"state": "lost"}, {"limit": 0}, {"limit": 501}, {"after": "?"}, {"after": "W10="}])
async def test_a_list_that_cannot_be_is_a_problem(client: httpx.AsyncClient, query: dict[str, Any]) -> None:
    is_problem(await client.get("/clearing-cases", params=query), 422, next(iter(query)))


async def test_a_case_of_a_gateway_that_was_away_for_a_day_says_so(
    client: httpx.AsyncClient, bench: ServiceBench
) -> None:
    bench.tell(retrieve())
    while bench.effects:
        assert charges(bench).charge_key == "r-1/1/1"
        not_charged(bench)
        bench.clock.advance(timedelta(hours=8))
        bench.fire_timers()
    (case,) = await listed(client, state="open")
    assert case["reason"] == "the gateway could not be reached for a day: nobody is there"
