"""What is no valid message is parked, with nothing done; what says more than we know is understood."""

import json
from typing import Any

import pytest

from bus.envelope import Envelope, origin
from bus.inbox import Inbox
from bus.incoming import decode
from tests.service_bench import ServiceBench

EUR = {"amount": 100, "currency": "EUR"}
PAYER = {"id": "c-1", "name": "Ada", "email": "ada@example.org"}
RETRIEVE = {"reference": "r-1", "attempt": 1, "amount": EUR, "payer": PAYER, "card_token": "tok_ok"}
ISSUE = {"reference": "r-1", "amount": EUR, "payer": PAYER, "due_days": 30}


def deliver(bench: ServiceBench, name: str, body: dict[str, Any]) -> int:
    """Returns how much came of it: things said, and things to be done."""
    cause = origin(json.dumps(body), sender="test", at="")
    envelope = Envelope.parse({**cause.headers(), "ce-type": f"payment.{name}.v1"}, json.dumps(body).encode())
    committed = bench.journey.process([decode(bench.service, envelope, Inbox())])
    bench.note(committed)
    return len(committed.outgoing) + len(committed.effects)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("retrieve-payment", {**RETRIEVE, "reference": ""}),
        ("retrieve-payment", {**RETRIEVE, "reference": "x" * 201}),
        ("retrieve-payment", {**RETRIEVE, "reference": "nul\x00"}),
        ("retrieve-payment", {**RETRIEVE, "attempt": 0}),
        ("retrieve-payment", {**RETRIEVE, "attempt": "1"}),
        ("retrieve-payment", {**RETRIEVE, "attempt": 2**31}),
        ("retrieve-payment", {**RETRIEVE, "amount": {"amount": -1, "currency": "EUR"}}),
        ("retrieve-payment", {**RETRIEVE, "amount": {"amount": 1.5, "currency": "EUR"}}),
        ("retrieve-payment", {**RETRIEVE, "amount": {"amount": 100, "currency": "Euro"}}),
        ("retrieve-payment", {**RETRIEVE, "payer": {"id": "c-1"}}),
        ("retrieve-payment", {**RETRIEVE, "card_token": None}),
        ("cancel-payment", {}),
        ("refund-payment", {"reference": "r-1", "reason": "nul\x00"}),
        ("issue-invoice", {**ISSUE, "due_days": -1}),
        ("issue-invoice", {**ISSUE, "due_days": 3651}),
        ("cancel-invoice", {"reference": None}),
    ],
)
def test_an_invalid_command_is_parked(bench: ServiceBench, name: str, body: dict[str, Any]) -> None:
    assert deliver(bench, name, body) == 0
    assert [letter.status for letter in bench.dead_letters()] == ["parked"]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("retrieve-payment", RETRIEVE),
        ("retrieve-payment", {**RETRIEVE, "priority": 1, "payer": {**PAYER, "age": 36}}),
        ("cancel-payment", {"reference": "r-1"}),
        ("cancel-payment", {"reference": "r-1", "attempt": None}),
        ("refund-payment", {"reference": "r-1", "reason": ""}),
        ("issue-invoice", {**ISSUE, "due_days": 0}),
        ("cancel-invoice", {"reference": "r-1"}),
    ],
)
def test_a_valid_command_is_obeyed(bench: ServiceBench, name: str, body: dict[str, Any]) -> None:
    assert deliver(bench, name, body) == 1
    assert bench.dead_letters() == []


def test_a_retrieval_without_an_attempt_is_the_first(bench: ServiceBench) -> None:
    deliver(bench, "retrieve-payment", {name: value for name, value in RETRIEVE.items() if name != "attempt"})
    assert json.loads(bench.effects[0].body)["charge_key"] == "r-1/1/1"
