"""Shipments over HTTP."""

import asyncio

import httpx
import pytest

from tests.service_bench import ServiceBench
from tests.shipping_service.words import cancel, carrier_reports, intended, ship

UNKNOWN = {
    "shipment_id": None,
    "job_id": None,
    "cancel_wished": False,
    "carrier": None,
    "lease_until": None,
    "tracking_number": None,
    "reason": None,
}


async def test_a_shipment_with_the_carrier_has_an_id_and_no_tracking_number(
    client: httpx.AsyncClient, bench: ServiceBench
) -> None:
    bench.tell(ship())
    shipment_id = intended(bench).shipment_id
    expected = {"reference": "r-1", "state": "with_carrier", "shipment_id": shipment_id, "job_id": shipment_id}
    assert (await client.get("/shipments/r-1")).json() == {**UNKNOWN, **expected}


async def test_a_shipped_one_shows_what_was_said_of_it(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    bench.tell(ship())
    [(_, said)] = await asyncio.to_thread(carrier_reports, bench)
    expected = {**UNKNOWN, **said, "job_id": said["shipment_id"], "state": "shipped"}
    assert (await client.get("/shipments/r-1")).json() == expected


@pytest.mark.parametrize(("wish", "state"), [(False, "failed"), (True, "cancelled")])
async def test_one_that_the_carrier_refused_shows_why(
    client: httpx.AsyncClient, bench: ServiceBench, wish: bool, state: str
) -> None:
    bench.tell(ship(address=""))
    if wish:
        bench.tell(cancel())
    await asyncio.to_thread(carrier_reports, bench)
    shown = (await client.get("/shipments/r-1")).json()
    assert (shown["state"], shown["reason"]) == (state, "the recipient has no address")


async def test_one_that_was_cancelled_before_shows_just_that(client: httpx.AsyncClient, bench: ServiceBench) -> None:
    bench.tell(cancel())
    assert (await client.get("/shipments/r-1")).json() == {**UNKNOWN, "reference": "r-1", "state": "cancelled"}


async def test_an_unknown_reference_is_a_problem(client: httpx.AsyncClient) -> None:
    response = await client.get("/shipments/unknown")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert "'unknown'" in response.json()["detail"]


@pytest.mark.parametrize("reference", ["%00", "x" * 201])
async def test_an_impossible_reference_is_refused(client: httpx.AsyncClient, reference: str) -> None:
    assert (await client.get(f"/shipments/{reference}")).status_code == 422
