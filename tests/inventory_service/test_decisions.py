"""What inventory answers, and where the goods are then: decided once per reference."""

from dataclasses import dataclass

import pytest

from bus.message import Message
from tests.inventory_service.words import (
    FETCHED,
    RELEASED,
    UNAVAILABLE,
    Level,
    count,
    fetch,
    levels,
    release,
    shipped,
)
from tests.service_bench import ServiceBench

TWO = fetch("r-1", ("a", 2))
SIX = fetch("r-1", ("a", 6))


@dataclass
class Case:
    told: list[Message]
    answers: list[str]  # to the last one
    level: Level  # of SKU a, of which there were 5


CASES = {
    "fetched": Case([TWO], [FETCHED], (3, 2, 0)),
    "fetched twice": Case([TWO, TWO], [FETCHED], (3, 2, 0)),
    "fetched again for other goods": Case([TWO, SIX], [FETCHED], (3, 2, 0)),
    "the last piece": Case([fetch("r-1", ("a", 5))], [FETCHED], (0, 5, 0)),
    "one too many": Case([SIX], [UNAVAILABLE], (5, 0, 0)),
    "unavailable twice": Case([SIX, SIX], [UNAVAILABLE], (5, 0, 0)),
    "unavailable, then for fewer goods": Case([SIX, TWO], [UNAVAILABLE], (5, 0, 0)),
    "released": Case([TWO, release()], [RELEASED], (5, 0, 0)),
    "released twice": Case([TWO, release(), release()], [RELEASED], (5, 0, 0)),
    "fetched after release": Case([TWO, release(), TWO], [RELEASED], (5, 0, 0)),
    "released after a refusal": Case([SIX, release()], [RELEASED], (5, 0, 0)),
    "fetched after a refusal was released": Case([SIX, release(), SIX], [RELEASED], (5, 0, 0)),
    "released before it was fetched": Case([release()], [RELEASED], (5, 0, 0)),
    "fetched after a tombstone": Case([release(), TWO], [RELEASED], (5, 0, 0)),
    "shipped": Case([TWO, shipped()], [], (3, 0, 2)),
    "shipped twice": Case([TWO, shipped(), shipped()], [], (3, 0, 2)),
    "shipped, unknown": Case([shipped()], [], (5, 0, 0)),
    "shipped, yet another reference": Case([TWO, shipped("r-2")], [], (3, 2, 0)),
    "shipped, yet unavailable": Case([SIX, shipped()], [], (5, 0, 0)),
    "shipped, yet released": Case([TWO, release(), shipped()], [], (5, 0, 0)),
    "fetched after shipping": Case([TWO, shipped(), TWO], [FETCHED], (3, 0, 2)),
    "released after shipping": Case([TWO, shipped(), release()], [FETCHED], (3, 0, 2)),
    "shipped once more after that": Case([TWO, shipped(), release(), shipped()], [], (3, 0, 2)),
    "the same SKU twice is added up": Case([fetch("r-1", ("a", 2), ("a", 2))], [FETCHED], (1, 4, 0)),
    "the same SKU twice, too many": Case([fetch("r-1", ("a", 3), ("a", 3))], [UNAVAILABLE], (5, 0, 0)),
    "added up, then shipped": Case([fetch("r-1", ("a", 2), ("a", 2)), shipped()], [], (1, 0, 4)),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_every_conversation_ends_with_this_answer_and_the_goods_in_this_place(bench: ServiceBench, case: Case) -> None:
    count(bench, a=5)
    said = [bench.tell(message) for message in case.told]
    assert [name for name, _ in said[-1]] == case.answers
    assert all(body["reference"] == "r-1" for answers in said for _, body in answers)
    assert levels(bench)["a"] == case.level
    assert bench.dead_letters() == []


def test_to_fetch_again_repeats_the_pick(bench: ServiceBench) -> None:
    count(bench, a=5)
    first = bench.tell(TWO)
    assert first[0][1]["pick_id"]
    assert bench.tell(TWO) == first
    bench.tell(shipped())
    assert bench.tell(TWO) == first


def test_two_references_have_two_picks(bench: ServiceBench) -> None:
    count(bench, a=5)
    [(_, one)], [(_, other)] = bench.tell(TWO), bench.tell(fetch("r-2", ("a", 1)))
    assert one["pick_id"] != other["pick_id"]


def test_to_fetch_again_repeats_what_was_missing_even_if_stock_came_since(bench: ServiceBench) -> None:
    count(bench, a=5)
    first = bench.tell(SIX)
    assert first[0][1]["missing"] == [{"sku": "a", "wanted": 6, "available": 5}]
    count(bench, a=100)
    assert bench.tell(SIX) == first
    assert levels(bench)["a"] == (100, 0, 0)


@pytest.mark.parametrize(
    ("items", "missing"),
    [
        ([("a", 2), ("b", 4)], [("b", 4, 3)]),
        ([("b", 3), ("a", 6)], [("a", 6, 5)]),
        ([("b", 4), ("a", 6)], [("a", 6, 5), ("b", 4, 3)]),
        ([("a", 5), ("b", 3), ("unknown", 1)], [("unknown", 1, 0)]),
        ([("b", 2), ("a", 1), ("b", 2)], [("b", 4, 3)]),
    ],
)
def test_if_one_sku_falls_short_none_is_taken_and_all_that_are_short_are_named(
    bench: ServiceBench, items: list[tuple[str, int]], missing: list[tuple[str, int, int]]
) -> None:
    count(bench, a=5, b=3)
    [(name, body)] = bench.tell(fetch("r-1", *items))
    assert name == UNAVAILABLE
    assert [(each["sku"], each["wanted"], each["available"]) for each in body["missing"]] == missing
    assert levels(bench) == {"a": (5, 0, 0), "b": (3, 0, 0)}


def test_what_one_reference_gives_back_another_can_have(bench: ServiceBench) -> None:
    count(bench, a=5)
    bench.tell(fetch("r-1", ("a", 5)))
    assert bench.tell(fetch("r-2", ("a", 1)))[0][0] == UNAVAILABLE
    bench.tell(release("r-1"))
    assert bench.tell(fetch("r-3", ("a", 5)))[0][0] == FETCHED
    assert levels(bench)["a"] == (0, 5, 0)


def test_a_redelivered_message_changes_and_says_nothing(bench: ServiceBench) -> None:
    count(bench, a=5)
    assert bench.tell(TWO, message_id="m-1")
    assert bench.tell(TWO, message_id="m-1") == []
    assert levels(bench)["a"] == (3, 2, 0)
