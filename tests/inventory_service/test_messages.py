"""What is no valid message is parked, with nothing done."""

import json
from typing import Any

import pytest

from bus.envelope import Envelope, origin
from bus.inbox import Inbox
from bus.incoming import decode
from tests.inventory_service.words import count, levels
from tests.service_bench import ServiceBench

ITEM = {"sku": "a", "quantity": 1}


def deliver(bench: ServiceBench, wire_name: str, body: dict[str, Any]) -> None:
    cause = origin("m-1", sender="test", at="")
    envelope = Envelope.parse({**cause.headers(), "ce-type": wire_name}, json.dumps(body).encode())
    bench.journey.process([decode(bench.service, envelope, Inbox())])


@pytest.mark.parametrize(
    "body",
    [
        {"items": [ITEM]},
        {"reference": "", "items": [ITEM]},
        {"reference": "x" * 201, "items": [ITEM]},
        {"reference": "nul\x00", "items": [ITEM]},
        {"reference": "r-1"},
        {"reference": "r-1", "items": []},
        {"reference": "r-1", "items": [{"sku": "a"}]},
        {"reference": "r-1", "items": [{"sku": "", "quantity": 1}]},
        {"reference": "r-1", "items": [{"sku": "a", "quantity": 0}]},
        {"reference": "r-1", "items": [{"sku": "a", "quantity": -1}]},
        {"reference": "r-1", "items": [{"sku": "a", "quantity": 1.5}]},
        {"reference": "r-1", "items": [{"sku": "a", "quantity": "1"}]},
        {"reference": "r-1", "items": [ITEM, {"sku": "a", "quantity": 10**30}]},
    ],
)
def test_an_invalid_command_is_parked(bench: ServiceBench, body: dict[str, Any]) -> None:
    count(bench, a=5)
    deliver(bench, "inventory.fetch-goods.v1", body)
    assert [letter.status for letter in bench.dead_letters()] == ["parked"]
    assert levels(bench)["a"] == (5, 0, 0)


def test_a_reference_of_200_characters_and_fields_of_later_versions_are_fine(bench: ServiceBench) -> None:
    count(bench, a=5)
    body = {"reference": "x" * 200, "items": [{**ITEM, "colour": "red"}], "priority": 1}
    deliver(bench, "inventory.fetch-goods.v1", body)
    assert bench.dead_letters() == []
    assert levels(bench)["a"] == (4, 1, 0)


def test_shipping_may_say_more_than_inventory_hears(bench: ServiceBench) -> None:
    count(bench, a=5)
    deliver(bench, "shipping.goods-shipped.v1", {"reference": "r-1", "shipment_id": "s-1", "tracking_number": "t"})
    assert bench.dead_letters() == []
