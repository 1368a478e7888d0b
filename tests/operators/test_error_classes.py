"""Each class of error, and what it leads to."""

import json
import re

import pytest

from bus.delivery import open_delivery
from bus.errors import Unavailable
from bus.journey import RETRIES
from bus.transport import Delivery
from tests.operators.bench import FragileBench
from tests.operators.fragile import Mark

HEADERS = {"ce-specversion": "1.0", "ce-id": "m-1", "ce-type": "fragile.mark.v1", "ce-source": "/stranger"}


def deliver(bench: FragileBench, headers: dict[str, object], body: bytes = b'{"name": "tea"}') -> None:
    bench.journey.process([open_delivery(bench.service, Delivery("fragile", headers, body, None))])


@pytest.mark.parametrize(
    ("headers", "body", "cause"),
    [
        ({"ce-id": ""}, b"{}", "not a CloudEvent: ce-id missing"),
        ({"ce-specversion": "0.3"}, b"{}", "CloudEvents version 0.3 is not understood, only 1.0"),
        ({"ce-id": "a\x00b"}, b"{}", "not a CloudEvent that can be kept: ce-id longer than 500 characters"),
        ({"ce-subject": "x" * 501}, b"{}", "not a CloudEvent that can be kept: ce-subject longer than 500 characters"),
        ({"ce-subject": "half a \ud800 pair"}, b"{}", "not a CloudEvent that can be kept: ce-subject"),
        ({"ce-type": "fragile.unheard-of.v1"}, b"{}", "fragile does not handle 'fragile.unheard-of.v1'"),
        ({}, b"not json", "not a valid fragile.mark.v1: not JSON: "),
        ({}, b"\xff\xfe", "not a valid fragile.mark.v1: "),
        ({}, b"[" * 100_000, "not a valid fragile.mark.v1: "),
        ({}, b'{"name": 7}', "not a valid fragile.mark.v1: name: Input should be a valid string"),
        ({}, b'{"name": "' + b"x" * 1_000_000 + b'"}', "body larger than 1000000 bytes"),
    ],
)
def test_what_cannot_be_understood_is_parked_at_once_with_the_cause(
    bench: FragileBench, headers: dict[str, object], body: bytes, cause: str
) -> None:
    """It can be listed, its body is kept as it came, up to a size, and a redrive comes to the same verdict."""
    deliver(bench, {**HEADERS, **headers}, body)
    letter = bench.letter()
    assert (letter["status"], letter["attempts"]) == ("parked", 1)
    assert letter["cause"].startswith(cause)
    assert bench.dead_letters()[0].body == body[:1_000_000]
    assert json.dumps(letter, ensure_ascii=False).encode()
    bench.redrive(letter["id"])
    again = bench.letter()
    assert (again["status"], again["attempts"], again["cause"]) == ("parked", 2, letter["cause"])
    assert bench.fragile.tried == []


def test_a_redelivery_of_what_has_no_id_is_the_same_letter(bench: FragileBench) -> None:
    for body in (b'{"name": "tea"}', b'{"name": "tea"}', b'{"name": "pot"}'):
        deliver(bench, {"ce-type": "fragile.mark.v1"}, body)
    assert sorted(letter["attempts"] for letter in bench.letters()) == [1, 2]


def test_a_request_that_the_api_would_refuse_is_parked_with_the_same_sentence(bench: FragileBench) -> None:
    assert bench.tell(Mark(name="tea", fails="refused")) == []
    assert (bench.letter()["status"], bench.letter()["cause"]) == ("parked", "no such customer: say who")
    assert bench.marks() == []


def test_what_can_never_be_handled_is_parked_at_once(bench: FragileBench) -> None:
    bench.tell(Mark(name="tea", fails="poison"))
    assert (bench.letter()["status"], bench.letter()["cause"]) == ("parked", "this cannot be")


@pytest.mark.parametrize(
    ("fails", "cause"),
    [
        ("bug", "ZeroDivisionError: division by zero"),
        ("integrity", r"(IntegrityError|UniqueViolation): "),
        ("statement", r"(OperationalError|UndefinedTable): "),
        ("unstorable", r"ValueError: half a \\ud800 pair and a \\x00"),
        ("not yet", "too early"),
    ],
)
def test_a_bug_is_tried_again_with_growing_pauses_and_parked_in_the_end(
    bench: FragileBench, fails: str, cause: str
) -> None:
    """Ten attempts, the pauses double, the cause is there from the first; nothing of a failed attempt is stored."""
    bench.tell(Mark(name="tea", fails=fails))
    for attempt in range(1, 10):
        letter = bench.letter()
        assert (letter["status"], letter["attempts"]) == ("retrying", attempt)
        assert re.match(cause, letter["cause"])
        pause = 2.0 ** (attempt - 1)
        bench.try_again(after=pause - 0.01)
        assert bench.letter()["attempts"] == attempt
        bench.try_again(after=0.01)
    assert (bench.letter()["status"], bench.letter()["attempts"]) == ("parked", 10)
    assert bench.letter()["next_attempt_at"] is None
    assert bench.marks() == []


def test_a_bug_that_was_mended_meanwhile_closes_its_letter(bench: FragileBench) -> None:
    bench.tell(Mark(name="tea", fails="bug"), message_id="m-1")
    bench.fragile.mended.add("bug")
    bench.try_again(after=1)
    assert (bench.letter()["status"], bench.marks()) == ("redriven", ["tea"])
    assert bench.tell(Mark(name="tea", fails="bug"), message_id="m-1") == []
    assert (bench.letter()["status"], bench.marks()) == ("redriven", ["tea"])


def test_a_conflict_is_tried_again_at_once_and_counts_against_nobody(bench: FragileBench) -> None:
    bench.fragile.conflicts = RETRIES
    bench.tell(Mark(name="tea", fails="conflict"))
    assert bench.fragile.tried == ["tea"] * (RETRIES + 1)
    assert (bench.letters(), bench.marks()) == ([], ["tea"])


def test_a_database_that_is_away_counts_against_nobody(bench: FragileBench) -> None:
    """The message is neither kept nor parked: it waits, and is handled once the database is back."""
    with pytest.raises(Unavailable):
        bench.tell(Mark(name="tea", fails="unavailable"), message_id="m-1")
    assert bench.letters() == []
    bench.fragile.mended.add("unavailable")
    bench.tell(Mark(name="tea", fails="unavailable"), message_id="m-1")
    assert (bench.letters(), bench.marks()) == ([], ["tea"])


def test_a_failure_hurts_nobody_else_in_its_batch(bench: FragileBench) -> None:
    """Two good ones among one of each kind that fails."""
    kinds = ["", "refused", "poison", "bug", "integrity", "statement", "not yet", ""]
    works = [
        open_delivery(
            bench.service,
            Delivery(
                "fragile",
                {**HEADERS, "ce-id": f"m-{place}"},
                json.dumps({"name": f"{place}", "fails": fails}).encode(),
                None,
            ),
        )
        for place, fails in enumerate(kinds)
    ]
    committed = bench.journey.process(works)
    assert [json.loads(said.body)["name"] for said in committed.outgoing] == ["0", "7"]
    assert bench.marks() == ["0", "7"]
    assert sorted(letter["status"] for letter in bench.letters()) == ["parked"] * 2 + ["retrying"] * 4
