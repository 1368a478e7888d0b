"""Shipping against cancelling: whatever comes in whatever sequence, the two never both win."""

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from shipping_service.app import service
from tests.service_bench import ServiceBench
from tests.shipping_service.words import (
    CANCELLATION_REFUSED,
    CANCELLED,
    FAILED,
    SHIPPED,
    cancel,
    carrier_reports,
    ship,
)

DECISIONS = {SHIPPED, FAILED, CANCELLED}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(["ship", "cancel", "report"]), max_size=8), st.sampled_from(["1 Main Street", ""]))
def test_there_is_one_decision_and_every_command_is_answered_by_it(steps: list[str], address: str) -> None:
    bench = ServiceBench(service())
    said = [name for step in [*steps, "report"] for name in take(bench, step, address)]
    decisions = DECISIONS & set(said)
    assert len(decisions) == (1 if {"ship", "cancel"} & set(steps) else 0)
    assert CANCELLATION_REFUSED not in said or decisions == {SHIPPED}
    assert "cancel" not in steps or {CANCELLATION_REFUSED, FAILED, CANCELLED} & set(said)
    assert bench.dead_letters() == []


def take(bench: ServiceBench, step: str, address: str) -> Iterator[str]:
    if step == "report":
        said = carrier_reports(bench) if bench.effects else []
    else:
        said = bench.tell(ship(address=address) if step == "ship" else cancel())
    return (name for name, _ in said)
