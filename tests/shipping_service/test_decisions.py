"""Whether a parcel is shipped or its shipment cancelled is decided here, once."""

from dataclasses import dataclass
from typing import Literal

import pytest

from bus.message import Message
from tests.service_bench import ServiceBench
from tests.shipping_service.words import (
    CANCELLATION_REFUSED,
    CANCELLED,
    FAILED,
    SHIPPED,
    Said,
    cancel,
    carrier_reports,
    intended,
    ship,
)

Step = Message | Literal["carrier reports"]
REPORT: Literal["carrier reports"] = "carrier reports"

SHIP, CANCEL = ship(), cancel()
NO_ADDRESS = ship(address=" ")


@dataclass
class Case:
    steps: list[Step]
    answers: list[list[str]]  # to each step


CASES = {
    "shipped": Case([SHIP, REPORT], [[], [SHIPPED]]),
    "refused by the carrier": Case([NO_ADDRESS, REPORT], [[], [FAILED]]),
    "asked again while undecided": Case([SHIP, SHIP, REPORT], [[], [], [SHIPPED]]),
    "asked again, shipped": Case([SHIP, REPORT, SHIP, SHIP], [[], [SHIPPED], [SHIPPED], [SHIPPED]]),
    "asked again, failed": Case([NO_ADDRESS, REPORT, NO_ADDRESS], [[], [FAILED], [FAILED]]),
    "asked again with an address, failed": Case([NO_ADDRESS, REPORT, SHIP], [[], [FAILED], [FAILED]]),
    "cancelled before": Case([CANCEL, SHIP], [[CANCELLED], [CANCELLED]]),
    "cancelled before, all again": Case([CANCEL, SHIP, CANCEL, SHIP], [[CANCELLED]] * 4),
    "cancelled while with the carrier, taken": Case([SHIP, CANCEL, REPORT], [[], [], [SHIPPED, CANCELLATION_REFUSED]]),
    "cancelled while with the carrier, refused": Case([NO_ADDRESS, CANCEL, REPORT], [[], [], [CANCELLED]]),
    "cancelled twice while with the carrier": Case(
        [SHIP, CANCEL, CANCEL, REPORT], [[], [], [], [SHIPPED, CANCELLATION_REFUSED]]
    ),
    "asked again after the wish was noted": Case(
        [SHIP, CANCEL, SHIP, REPORT], [[], [], [], [SHIPPED, CANCELLATION_REFUSED]]
    ),
    "all again after the wish came too late": Case(
        [SHIP, CANCEL, REPORT, SHIP, CANCEL],
        [[], [], [SHIPPED, CANCELLATION_REFUSED], [SHIPPED], [CANCELLATION_REFUSED]],
    ),
    "all again after the wish came in time": Case(
        [NO_ADDRESS, CANCEL, REPORT, SHIP, CANCEL], [[], [], [CANCELLED], [CANCELLED], [CANCELLED]]
    ),
    "cancelled after it was shipped": Case([SHIP, REPORT, CANCEL], [[], [SHIPPED], [CANCELLATION_REFUSED]]),
    "cancelled after it failed": Case([NO_ADDRESS, REPORT, CANCEL], [[], [FAILED], [FAILED]]),
    "ship, cancelled after it failed": Case([NO_ADDRESS, REPORT, CANCEL, SHIP], [[], [FAILED], [FAILED], [FAILED]]),
}


def take(bench: ServiceBench, step: Step) -> Said:
    return carrier_reports(bench) if isinstance(step, str) else bench.tell(step)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_every_conversation_has_these_answers_and_at_most_one_parcel(bench: ServiceBench, case: Case) -> None:
    said = [take(bench, step) for step in case.steps]
    assert [[name for name, _ in answers] for answers in said] == case.answers
    assert all(body["reference"] == "r-1" for answers in said for _, body in answers)
    assert bench.effects == []
    assert bench.dead_letters() == []


def test_the_carrier_is_told_what_to_collect_and_for_whom(bench: ServiceBench) -> None:
    bench.tell(ship("r-1", "1 Main Street"))
    parcel = intended(bench)
    assert (parcel.reference, parcel.pick_id) == ("r-1", "p-1")
    assert (parcel.recipient.name, parcel.recipient.address) == ("Ada", "1 Main Street")
    assert parcel.shipment_id


def test_goods_shipped_says_which_shipment_by_whom_and_how_to_track_it(bench: ServiceBench) -> None:
    bench.tell(ship())
    shipment_id = intended(bench).shipment_id
    [(_, body)] = carrier_reports(bench)
    assert body["shipment_id"] == shipment_id
    assert body["carrier"] == "simulated"
    assert body["tracking_number"].startswith("SIM-")


def test_to_ask_again_repeats_the_same_shipment(bench: ServiceBench) -> None:
    bench.tell(ship())
    first = carrier_reports(bench)
    assert bench.tell(ship()) == first


def test_a_failure_names_the_carriers_reason_each_time(bench: ServiceBench) -> None:
    bench.tell(NO_ADDRESS)
    first = carrier_reports(bench)
    assert first == [(FAILED, {"reference": "r-1", "reason": "the recipient has no address"})]
    assert bench.tell(CANCEL) == first
    assert bench.tell(NO_ADDRESS) == first


def test_a_tombstone_hands_nothing_to_the_carrier(bench: ServiceBench) -> None:
    bench.tell(CANCEL)
    bench.tell(SHIP)
    assert bench.effects == []


def test_references_are_decided_apart(bench: ServiceBench) -> None:
    bench.tell(ship("r-1"))
    bench.tell(ship("r-2"))
    assert bench.tell(cancel("r-3")) == [(CANCELLED, {"reference": "r-3"})]
    bench.tell(cancel("r-2"))
    [(_, one)] = carrier_reports(bench)
    [(_, other), refusal] = carrier_reports(bench)
    assert refusal == (CANCELLATION_REFUSED, {"reference": "r-2"})
    assert (one["reference"], other["reference"]) == ("r-1", "r-2")
    assert one["shipment_id"] != other["shipment_id"]
    assert one["tracking_number"] != other["tracking_number"]


def test_a_report_that_comes_twice_counts_once(bench: ServiceBench) -> None:
    bench.tell(SHIP)
    effect = bench.effects[0]
    assert carrier_reports(bench)
    bench.effects.append(effect)  # its lease was over, so somebody else carried it out as well
    assert carrier_reports(bench) == []
    assert bench.dead_letters() == []


def test_a_redelivered_message_changes_and_says_nothing(bench: ServiceBench) -> None:
    bench.tell(SHIP, message_id="m-1")
    carrier_reports(bench)
    assert bench.tell(SHIP, message_id="m-1") == []
    assert bench.effects == []
