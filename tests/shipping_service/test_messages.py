"""What is no valid message is parked, with nothing done."""

import json
from typing import Any

import pytest

from bus.envelope import Envelope, origin
from bus.inbox import Inbox
from bus.incoming import decode
from tests.service_bench import ServiceBench

RECIPIENT = {"name": "Ada", "address": "1 Main Street"}
VALID = {"reference": "r-1", "pick_id": "p-1", "recipient": RECIPIENT}


def deliver(bench: ServiceBench, wire_name: str, body: dict[str, Any]) -> int:
    """Returns how many parcels were handed over."""
    cause = origin("m-1", sender="test", at="")
    envelope = Envelope.parse({**cause.headers(), "ce-type": wire_name}, json.dumps(body).encode())
    return len(bench.journey.process([decode(bench.service, envelope, Inbox())]).effects)


@pytest.mark.parametrize(
    "body",
    [
        {**VALID, "reference": ""},
        {**VALID, "reference": "x" * 201},
        {**VALID, "reference": "nul\x00"},
        {**VALID, "reference": 7},
        {**VALID, "pick_id": None},
        {**VALID, "recipient": {"name": "Ada"}},
        {**VALID, "recipient": {**RECIPIENT, "address": "x" * 501}},
        {**VALID, "recipient": {**RECIPIENT, "address": "nul\x00"}},
        {"reference": "r-1"},
    ],
)
def test_an_invalid_command_is_parked(bench: ServiceBench, body: dict[str, Any]) -> None:
    assert deliver(bench, "shipping.ship-goods.v1", body) == 0
    assert [letter.status for letter in bench.dead_letters()] == ["parked"]


@pytest.mark.parametrize(
    "body",
    [
        VALID,
        {**VALID, "reference": "x" * 200},
        {**VALID, "recipient": {**RECIPIENT, "address": ""}},
        {**VALID, "priority": 1, "recipient": {**RECIPIENT, "floor": 3}},
    ],
)
def test_a_valid_command_may_say_more_and_an_empty_address_is_for_the_carrier(
    bench: ServiceBench, body: dict[str, Any]
) -> None:
    assert deliver(bench, "shipping.ship-goods.v1", body) == 1
    assert bench.dead_letters() == []
