"""Whatever arrives, `open_delivery` makes something of it that can be handled, or parked with the reason."""

import json

import pytest

from bus.delivery import open_delivery
from bus.transport import Delivery
from tests.bus.bench import CounterBench, delivered, wire
from tests.bus.counter import BellRang, Count, RingBell

HEADERS = {"ce-specversion": "1.0", "ce-id": "1", "ce-type": "counter.count.v1", "ce-source": "/stranger"}
GOOD = b'{"name": "a"}'

HOSTILE = {
    "nothing": b"",
    "no JSON": b"count!",
    "not an object": b"[1]",
    "another schema": b'{"nom": "a"}',
    "a wrong type": b'{"name": "a", "by": "many"}',
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "deep nesting": b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a huge integer": b'{"name": "a", "by": ' + b"9" * 10_000 + b"}",
    "not a number": b'{"name": "a", "by": NaN}',
    "a lone surrogate": b'{"name": "\\ud800"}',
    "a huge body": b'{"name": "' + b"a" * 1_000_000 + b'"}',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_body_that_makes_no_sense_is_parked_with_the_cause(bench: CounterBench, body: bytes) -> None:
    """At once, and without hurting what came with it."""
    bad = open_delivery(bench.service, Delivery("counter", HEADERS, body, None))
    bench.batch(bench.arrive(Count(name="a"), "before"), bad, bench.arrive(Count(name="a"), "after"))
    [(status, attempts, cause)] = bench.letters().values()
    assert (status, attempts) == ("parked", 1)
    assert "counter.count.v1" in cause or "larger than" in cause
    assert bench.totals() == {"a": 2}


@pytest.mark.parametrize(
    ("headers", "cause"),
    [
        ({}, "ce-specversion, ce-id, ce-type, ce-source missing"),
        ({**HEADERS, "ce-type": ""}, "ce-type missing"),
        ({**HEADERS, "ce-specversion": "0.3"}, "0.3 is not understood"),
        ({**HEADERS, "ce-type": "counter.dance.v1"}, "counter does not handle 'counter.dance.v1'"),
        ({"content-type": "text/plain", "x": [1], "y": None}, "not a CloudEvent"),
    ],
)
def test_headers_that_make_no_sense_are_parked_with_the_cause(
    bench: CounterBench, headers: dict[str, object], cause: str
) -> None:
    bench.batch(open_delivery(bench.service, Delivery("counter", headers, GOOD, None)))
    [(status, attempts, found)] = bench.letters().values()
    assert (status, attempts) == ("parked", 1)
    assert cause in found


def test_a_nameless_message_is_one_letter_however_often_it_comes(bench: CounterBench) -> None:
    """Its id depends on what is in it; other content is another letter."""
    for body in (b"one", b"one", b"two"):
        bench.batch(open_delivery(bench.service, Delivery("counter", {}, body, None)))
    assert len(bench.letters()) == 2


@pytest.mark.parametrize("message", [RingBell(name="a"), BellRang(name="a", loudness=9)])
def test_what_is_only_said_within_the_service_is_not_taken_from_the_wire(
    bench: CounterBench, message: RingBell | BellRang
) -> None:
    """Else anyone who reaches the queue could forge what the outside world answered."""
    committed = bench.batch(open_delivery(bench.service, delivered(wire(message, "forged"))))
    assert (committed.outgoing, committed.effects) == ([], [])
    [(status, _, cause)] = bench.letters().values()
    assert status == "parked"
    assert "is only said within counter" in cause


def test_a_strangers_unknown_fields_are_ignored(bench: CounterBench) -> None:
    body = json.dumps({"name": "a", "by": 2, "colour": "red"}).encode()
    bench.batch(open_delivery(bench.service, Delivery("counter", {**HEADERS, "x": 1}, body, None)))
    assert bench.totals() == {"a": 2}
