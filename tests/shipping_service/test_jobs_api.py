"""Carriers' clients over HTTP: they ask for work, and report what became of it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from shipping_service.models import carrier, shipments
from tests.service_bench import ServiceBench
from tests.shipping_service.words import CANCELLATION_REFUSED, CANCELLED, FAILED, SHIPPED, cancel, change_mode, ship

JSON = {"content-type": "application/json"}
CLAIM = {"worker": "w-1", "max": 10, "lease_seconds": 60}
COMPLETION = {"worker": "w-1", "tracking_number": "T-1"}
FAILURE = {"worker": "w-1", "reason": "it leaks"}


async def claim(client: httpx.AsyncClient, **changes: Any) -> list[dict[str, Any]]:
    response = await client.post("/jobs/claims", json={**CLAIM, **changes})
    assert response.status_code == 200
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def one_job(client: httpx.AsyncClient, bench: ServiceBench) -> str:
    change_mode(bench, "pull")
    bench.tell(ship())
    [job] = await claim(client)
    return str(job["job_id"])


def stored(bench: ServiceBench) -> list[Any]:
    with bench.database.snapshot() as connection:
        return [*connection.execute(sa.select(shipments)), *connection.execute(sa.select(carrier))]


async def test_the_carrier_is_pushed_to_until_somebody_says_otherwise(client: httpx.AsyncClient) -> None:
    assert (await client.get("/carrier")).json() == {"mode": "push"}
    for mode in ("pull", "pull", "push"):
        assert (await client.put("/carrier", json={"mode": mode})).json() == {"mode": mode}
        assert (await client.get("/carrier")).json() == {"mode": mode}


async def test_to_push_again_hands_what_waited_to_the_simulated_carrier(
    client: httpx.AsyncClient, bench: ServiceBench
) -> None:
    await client.put("/carrier", json={"mode": "pull"})
    bench.tell(ship())
    assert bench.effects == []
    await client.put("/carrier", json={"mode": "push"})
    assert [effect.subject for effect in bench.effects] == ["r-1"]
    assert (await client.get("/shipments/r-1")).json()["state"] == "with_carrier"


async def test_a_claim_returns_what_a_worker_must_know(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    job_id = await one_job(client, bench)
    shown = (await client.get("/shipments/r-1")).json()
    assert (shown["state"], shown["job_id"], shown["carrier"]) == ("leased", job_id, "w-1")
    until = bench.clock.now() + timedelta(seconds=60)
    assert datetime.fromisoformat(shown["lease_until"]).astimezone(UTC) == until
    bench.tell(ship("r-2"))
    [job] = await claim(client, lease_seconds=1.5)
    assert set(job) == {"job_id", "reference", "pick_id", "recipient", "lease_until"}
    assert (job["reference"], job["pick_id"]) == ("r-2", "p-1")
    assert job["recipient"] == {"name": "Ada", "address": "1 Main Street"}


async def test_a_claim_returns_no_more_than_was_asked_for(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    change_mode(bench, "pull")
    for number in range(5):
        bench.tell(ship(f"r-{number}"))
    assert [len(await claim(client, max=2)) for _ in range(4)] == [2, 2, 1, 0]


async def test_a_completed_job_is_a_shipped_parcel(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    job_id = await one_job(client, bench)
    for _ in range(2):
        response = await client.post(f"/jobs/{job_id}/complete", json=COMPLETION)
        assert response.status_code == 200
        assert response.json() == (await client.get("/shipments/r-1")).json()
    [(name, body)] = bench.said
    assert name == SHIPPED
    assert body == {"reference": "r-1", "shipment_id": job_id, "carrier": "w-1", "tracking_number": "T-1"}
    assert (response.json()["state"], response.json()["tracking_number"]) == ("shipped", "T-1")


async def test_a_failed_job_is_a_failed_shipment(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    job_id = await one_job(client, bench)
    for _ in range(2):
        response = await client.post(f"/jobs/{job_id}/fail", json=FAILURE)
        assert (response.status_code, response.json()["state"]) == (200, "failed")
    assert bench.said == [(FAILED, {"reference": "r-1", "reason": "it leaks"})]


async def test_the_wish_to_cancel_is_shown_and_answered_with_the_report(
    client: httpx.AsyncClient, bench: ServiceBench
) -> None:
    job_id = await one_job(client, bench)
    bench.tell(cancel())
    shown = (await client.get("/shipments/r-1")).json()
    assert (shown["state"], shown["cancel_wished"]) == ("leased", True)
    await client.post(f"/jobs/{job_id}/complete", json=COMPLETION)
    assert [name for name, _ in bench.said] == [SHIPPED, CANCELLATION_REFUSED]


async def test_what_was_not_shipped_is_cancelled_if_that_was_wished(
    client: httpx.AsyncClient, bench: ServiceBench
) -> None:
    job_id = await one_job(client, bench)
    bench.tell(cancel())
    response = await client.post(f"/jobs/{job_id}/fail", json=FAILURE)
    assert (response.json()["state"], response.json()["reason"]) == ("cancelled", "it leaks")
    assert bench.said == [(CANCELLED, {"reference": "r-1"})]


async def test_whom_it_was_for_is_forgotten_once_it_is_decided(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    job_id = await one_job(client, bench)
    assert stored(bench)[0].recipient == {"name": "Ada", "address": "1 Main Street"}
    await client.post(f"/jobs/{job_id}/complete", json=COMPLETION)
    assert stored(bench)[0].recipient is None


@pytest.mark.parametrize("worker", ["w-2", "w-1 "])
@pytest.mark.parametrize(("report", "body"), [("complete", COMPLETION), ("fail", FAILURE)])
async def test_a_report_without_a_lease_is_a_conflict_that_says_who_holds_it(
    client: httpx.AsyncClient, bench: ServiceBench, report: str, body: dict[str, str], worker: str
) -> None:
    job_id, before = await one_job(client, bench), stored(bench)
    response = await client.post(f"/jobs/{job_id}/{report}", json={**body, "worker": worker})
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    assert "'w-1' holds it" in response.json()["detail"]
    assert "POST /jobs/claims" in response.json()["detail"]
    assert (stored(bench), bench.said) == (before, [])


@pytest.mark.parametrize(("report", "body"), [("complete", COMPLETION), ("fail", FAILURE)])
async def test_a_report_after_the_lease_is_a_conflict(
    client: httpx.AsyncClient, bench: ServiceBench, report: str, body: dict[str, str]
) -> None:
    job_id = await one_job(client, bench)
    bench.clock.advance(timedelta(seconds=60))
    response = await client.post(f"/jobs/{job_id}/{report}", json=body)
    assert (response.status_code, bench.said) == (409, [])


async def test_a_job_id_in_capitals_is_the_same(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    job_id = await one_job(client, bench)
    assert (await client.post(f"/jobs/{job_id.upper()}/complete", json=COMPLETION)).status_code == 200


async def test_an_unknown_job_is_a_problem(client: httpx.AsyncClient) -> None:
    job_id = "123e4567-e89b-42d3-a456-426614174000"
    for report, body in (("complete", COMPLETION), ("fail", FAILURE)):
        response = await client.post(f"/jobs/{job_id}/{report}", json=body)
        assert response.status_code == 404
        assert job_id in response.json()["detail"]


BAD: list[tuple[str, str, Any]] = [
    *[("PUT", "/carrier", {"mode": mode}) for mode in ("pul", "PULL", "", None, True)],
    ("PUT", "/carrier", {}),
    ("PUT", "/carrier", []),
    ("PUT", "/carrier", {"mode": "pull", "rate": 1}),
    *[
        ("POST", "/jobs/claims", {**CLAIM, **change})
        for change in (
            {"worker": ""},
            {"worker": 7},
            {"worker": "x" * 201},
            {"worker": "nul\x00"},
            {"worker": "\ud800"},
            {"max": 0},
            {"max": 101},
            {"max": 1.5},
            {"max": True},
            {"max": "10"},
            {"lease_seconds": 0},
            {"lease_seconds": 0.5},
            {"lease_seconds": 86401},
            {"lease_seconds": "60"},
            {"lease_seconds": 10**400},
            {"leaseSeconds": 60},
        )
    ],
    *[("POST", "/jobs/claims", {key: CLAIM[key] for key in CLAIM if key != missing}) for missing in CLAIM],
    *[
        ("POST", "/jobs/JOB/complete", body)
        for body in (
            {"worker": "w-1"},
            {"tracking_number": "T-1"},
            {**COMPLETION, "tracking_number": ""},
            {**COMPLETION, "tracking_number": "x" * 201},
            {**COMPLETION, "tracking_number": 7},
            {**COMPLETION, "tracking_number": "nul\x00"},
            {**COMPLETION, "reason": "none"},
        )
    ],
    *[
        ("POST", "/jobs/JOB/fail", body)
        for body in (
            {"worker": "w-1"},
            {**FAILURE, "reason": ""},
            {**FAILURE, "reason": "x" * 501},
            {**FAILURE, "reason": "nul\x00"},
            {**FAILURE, "worker": None},
        )
    ],
    ("POST", "/jobs/not-a-uuid/complete", COMPLETION),
    ("POST", "/jobs/not-a-uuid/fail", FAILURE),
]


@pytest.mark.parametrize(("method", "path", "body"), BAD)
async def test_bad_input_is_a_problem_that_says_where_and_changes_nothing(
    client: httpx.AsyncClient, bench: ServiceBench, method: str, path: str, body: Any
) -> None:
    job_id = await one_job(client, bench)
    bench.tell(ship("r-2"))
    before = stored(bench)
    content = json.dumps(body).encode()  # ASCII: it can say what UTF-8 cannot
    response = await client.request(method, path.replace("JOB", job_id), content=content, headers=JSON)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["errors"][0]["where"]
    assert response.json()["errors"][0]["what"]
    assert (stored(bench), bench.said, bench.effects) == (before, [], [])


@pytest.mark.parametrize("body", [b"", b"{", b'{"worker": "w-1", "max": NaN, "lease_seconds": 60}', b"\xff"])
async def test_what_is_no_json_claims_nothing(client: httpx.AsyncClient, bench: ServiceBench, body: bytes) -> None:
    change_mode(bench, "pull")
    bench.tell(ship())
    response = await client.post("/jobs/claims", content=body, headers=JSON)
    assert response.status_code in (400, 422)
    assert response.headers["content-type"] == "application/problem+json"
    assert len(await claim(client)) == 1
