"""Payments that are wished for and not wished for any more are migrated while a call to the gateway is under way."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from minuet.simulation.upgrading import as_before, install
from payment_service.handlers import PAYMENTS
from tests.payment_service.words import (
    REFUNDED,
    Said,
    cancel,
    charged,
    given_back,
    later,
    perhaps_charged,
    refund,
    retrieve,
)
from tests.service_bench import ServiceBench
from tests.simulation.revisions import of_payments, payment_flow_2

Do = Callable[[ServiceBench], object]


@pytest.fixture(autouse=True)
def one_version_after_another() -> Iterator[None]:
    """Each test begins with the first revision."""
    with as_before([of_payments()]):
        yield


def asks_for_refund(bench: ServiceBench) -> Said:
    return bench.tell(refund())


def calls_off(bench: ServiceBench) -> Said:
    return bench.tell(cancel())


@pytest.mark.parametrize(
    ("wishes", "before", "after"),
    [
        ([asks_for_refund], "charging/refund_wished", "charging/refund_wished"),
        ([asks_for_refund, calls_off], "charging/both_wished", "charging/both_wished"),
        ([asks_for_refund, perhaps_charged], "unsure/refund_wished", "unsure/refund_wished"),
        ([asks_for_refund, calls_off, perhaps_charged], "unsure/both_wished", "unsure/not_wanted"),
    ],
)
async def test_a_wish_is_not_forgotten(
    bench: ServiceBench, client: httpx.AsyncClient, wishes: list[Do], before: str, after: str
) -> None:
    """The money came, and is given back by the table of the new revision."""
    bench.tell(retrieve())
    for wish in wishes:
        wish(bench)
    install(PAYMENTS, payment_flow_2)
    plan = (await client.get("/flows/payment/migration")).json()
    done = (await client.post("/flows/payment/migration", json={"author": "uma", "reason": "a new table"})).json()
    assert plan == done
    assert done == {
        "flow": "payment",
        "revision": 2,
        "items": [
            {
                "subject": "r-1",
                "instance_id": "r-1/1",
                "from": {"revision": 1, "state": before},
                "to": {"revision": 2, "state": after},
                "outcome": "migrates",
                "refused": None,
            }
        ],
        "next": None,
    }
    if before.startswith("unsure"):
        later(minutes=1)(bench)
    assert charged(bench) == []
    assert [name for name, _ in given_back(bench)] == [REFUNDED]
    assert bench.dead_letters() == []
