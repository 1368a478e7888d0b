"""Somebody pretends: to be another service, or to say what another message says."""

import json

import pytest

from bus.delivery import open_delivery
from bus.transport import Delivery, Origin
from tests.bus.bench import CounterBench
from tests.databases import in_memory

HAPPENED, COUNT = "elsewhere.happened.v1", "counter.count.v1"


@pytest.fixture
def bench() -> CounterBench:
    return CounterBench(in_memory)


def said(wire_name: str, origin: Origin | None, message_id: str = "1", name: str = "a") -> Delivery:
    headers = {"ce-specversion": "1.0", "ce-id": message_id, "ce-type": wire_name, "ce-source": "/minuet/elsewhere"}
    return Delivery("counter", headers, json.dumps({"name": name}).encode(), None, origin=origin)


@pytest.mark.parametrize(
    ("wire_name", "origin"),
    [
        (HAPPENED, None),
        (HAPPENED, Origin("elsewhere", HAPPENED)),
        (COUNT, Origin("whoever the broker lets", COUNT)),
    ],
)
def test_what_its_owner_says_is_handled(bench: CounterBench, wire_name: str, origin: Origin | None) -> None:
    """A command may come from anyone whom the broker lets write to the service's exchange of commands."""
    bench.batch(open_delivery(bench.service, said(wire_name, origin)))
    assert bench.totals() == {"a": 1}


@pytest.mark.parametrize(
    ("wire_name", "origin", "cause"),
    [
        (HAPPENED, Origin("third", HAPPENED), "by the user 'elsewhere', this was by 'third'"),
        (HAPPENED, Origin("", HAPPENED), "by the user 'elsewhere', this was by ''"),
        (HAPPENED, Origin("counter", HAPPENED), "by the user 'elsewhere', this was by 'counter'"),
        (HAPPENED, Origin("elsewhere", COUNT), "published as 'counter.count.v1', and says that it is 'elsewhere.hap"),
        (COUNT, Origin("elsewhere", HAPPENED), "published as 'elsewhere.happened.v1', and says that it is 'counter.c"),
    ],
)
def test_a_forgery_is_parked_for_good(bench: CounterBench, wire_name: str, origin: Origin, cause: str) -> None:
    """Its letter does not take the id of the message that it pretends to be: that one is handled when it comes."""
    bench.batch(open_delivery(bench.service, said(wire_name, origin)))
    [(message_id, (status, _, why))] = bench.letters().items()
    assert (message_id != "1", status, cause in why) == (True, "parked", True)
    bench.batch(open_delivery(bench.service, said(COUNT, Origin("elsewhere", COUNT))))
    assert bench.totals() == {"a": 1}


def test_nobodys_letter_is_written_over(bench: CounterBench) -> None:
    """Two messages that cannot be handled, under one id: two letters. The first one again: the same letter."""
    for wire_name in ("counter.one.v1", "counter.two.v1", "counter.one.v1"):
        bench.batch(open_delivery(bench.service, said(wire_name, None, "same")))
    causes = [(attempts, cause) for _, attempts, cause in bench.letters().values()]
    assert sorted(causes) == [
        (1, "counter does not handle 'counter.two.v1'"),
        (2, "counter does not handle 'counter.one.v1'"),
    ]
    assert "same" in bench.letters()
