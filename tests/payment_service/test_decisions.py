"""What becomes of the money of one attempt is decided once, and every command is answered by it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from bus.message import Message
from tests.payment_service.words import (
    CANCELLED,
    FAILED,
    RECEIVED,
    REFUNDED,
    Said,
    cancel,
    charged,
    charges,
    declined,
    euros,
    given_back,
    gives_back,
    refund,
    retrieve,
)
from tests.service_bench import ServiceBench

Step = Message | Callable[[ServiceBench], Said]

GET, CANCEL, REFUND = retrieve(), cancel(), refund()


@dataclass
class Case:
    steps: list[Step]
    answers: list[list[str]]  # to each step


CASES = {
    "received": Case([GET, charged], [[], [RECEIVED]]),
    "declined": Case([GET, declined], [[], [FAILED]]),
    # RetrievePayment again
    "asked again while deciding": Case([GET, GET, charged], [[], [], [RECEIVED]]),
    "asked again, received": Case([GET, charged, GET, GET], [[], [RECEIVED], [RECEIVED], [RECEIVED]]),
    "asked again, failed": Case([GET, declined, GET], [[], [FAILED], [FAILED]]),
    "asked again with another card, failed": Case([GET, declined, retrieve(token="tok_x")], [[], [FAILED], [FAILED]]),
    "asked again after a tombstone": Case([CANCEL, GET, GET], [[CANCELLED], [CANCELLED], [CANCELLED]]),
    "asked again while refunding": Case([GET, charged, REFUND, GET, given_back], [[], [RECEIVED], [], [], [REFUNDED]]),
    "asked again, refunded": Case(
        [GET, charged, REFUND, given_back, GET], [[], [RECEIVED], [], [REFUNDED], [REFUNDED]]
    ),
    # CancelPayment
    "cancelled before": Case([CANCEL, CANCEL], [[CANCELLED], [CANCELLED]]),
    "cancelled during the call, in": Case([GET, CANCEL, charged], [[], [], [RECEIVED]]),
    "cancelled during the call, not in": Case([GET, CANCEL, declined], [[], [], [CANCELLED]]),
    "cancelled twice during the call": Case([GET, CANCEL, CANCEL, declined], [[], [], [], [CANCELLED]]),
    "asked again after the wish": Case([GET, CANCEL, GET, charged], [[], [], [], [RECEIVED]]),
    "cancelled after it came": Case([GET, charged, CANCEL], [[], [RECEIVED], [RECEIVED]]),
    "cancelled after it failed": Case([GET, declined, CANCEL], [[], [FAILED], [FAILED]]),
    "cancelled again after not in": Case([GET, CANCEL, declined, CANCEL], [[], [], [CANCELLED], [CANCELLED]]),
    "cancelled while refunding": Case([GET, charged, REFUND, CANCEL, given_back], [[], [RECEIVED], [], [], [REFUNDED]]),
    "cancelled after refunded": Case(
        [GET, charged, REFUND, given_back, CANCEL], [[], [RECEIVED], [], [REFUNDED], [REFUNDED]]
    ),
    # RefundPayment
    "refunded": Case([GET, charged, REFUND, given_back], [[], [RECEIVED], [], [REFUNDED]]),
    "refunded twice": Case([GET, charged, REFUND, REFUND, given_back], [[], [RECEIVED], [], [], [REFUNDED]]),
    "refunded again": Case([GET, charged, REFUND, given_back, REFUND], [[], [RECEIVED], [], [REFUNDED], [REFUNDED]]),
    "refunded before": Case([REFUND, GET, REFUND], [[REFUNDED], [CANCELLED], [REFUNDED]]),
    "refunded after it failed": Case([GET, declined, REFUND, GET], [[], [FAILED], [REFUNDED], [FAILED]]),
    "refunded after it was cancelled": Case([CANCEL, REFUND, CANCEL], [[CANCELLED], [REFUNDED], [CANCELLED]]),
    "refunded during the call, in": Case([GET, REFUND, charged, given_back], [[], [], [], [REFUNDED]]),
    "refunded during the call, not in": Case([GET, REFUND, declined, GET], [[], [], [REFUNDED], [CANCELLED]]),
    "refunded twice during the call": Case([GET, REFUND, REFUND, charged, given_back], [[], [], [], [], [REFUNDED]]),
    "both wishes during the call, in": Case([GET, CANCEL, REFUND, charged, given_back], [[], [], [], [], [REFUNDED]]),
    "both wishes during the call, not in": Case([GET, REFUND, CANCEL, declined], [[], [], [], [CANCELLED, REFUNDED]]),
}


def take(bench: ServiceBench, step: Step) -> Said:
    return bench.tell(step) if isinstance(step, Message) else step(bench)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_every_conversation_has_these_answers_and_leaves_nothing_to_do(bench: ServiceBench, case: Case) -> None:
    said = [take(bench, step) for step in case.steps]
    assert [[name for name, _ in answers] for answers in said] == case.answers
    assert {(body["reference"], body["attempt"]) for answers in said for _, body in answers} <= {("r-1", 1)}
    assert bench.effects == []
    assert bench.dead_letters() == []


COME_BACK = {
    "received": [GET, charged, REFUND, given_back],
    "during the call": [GET, REFUND, charged, given_back],
}


@pytest.mark.parametrize("steps", COME_BACK.values(), ids=COME_BACK.keys())
def test_a_refund_says_how_much_came_back(bench: ServiceBench, steps: list[Step]) -> None:
    said = [body for step in steps for name, body in take(bench, step) if name == REFUNDED]
    assert said == [{"reference": "r-1", "attempt": 1, "amount": euros(10000)}]
    assert bench.effects == []


NEVER_CAME = {
    "unknown": [REFUND],
    "failed": [GET, declined, REFUND],
    "cancelled": [CANCEL, REFUND],
    "not in, during the call": [GET, REFUND, declined],
}


@pytest.mark.parametrize("steps", NEVER_CAME.values(), ids=NEVER_CAME.keys())
def test_what_never_came_is_refunded_with_nothing(bench: ServiceBench, steps: list[Step]) -> None:
    said = [body for step in steps for name, body in take(bench, step) if name == REFUNDED]
    assert [body["amount"]["amount"] for body in said] == [0]
    assert bench.effects == []


def test_a_refund_of_what_nobody_knows_has_no_currency(bench: ServiceBench) -> None:
    assert bench.tell(REFUND) == [
        (REFUNDED, {"reference": "r-1", "attempt": 1, "amount": {"amount": 0, "currency": "XXX"}})
    ]


def test_the_card_is_charged_once_under_a_key_of_the_attempt(bench: ServiceBench) -> None:
    for _ in range(3):
        bench.tell(retrieve("r-1", 2, token="tok_1"))
    effect = charges(bench)
    assert (effect.charge_key, effect.card_token) == ("r-1/2/1", "tok_1")
    assert effect.amount.model_dump() == euros(10000)
    assert len(bench.effects) == 1


def test_the_refund_names_the_charge_it_gives_back_and_has_a_key_of_its_own(bench: ServiceBench) -> None:
    bench.tell(retrieve("r-1", 2))
    charged(bench)
    bench.tell(refund("r-1", 2))
    effect = gives_back(bench)
    assert (effect.charge_key, effect.refund_key) == ("r-1/2/1", "r-1/2/1/refund")
    assert effect.amount.model_dump() == euros(10000)


def test_money_that_came_keeps_its_payment_id(bench: ServiceBench) -> None:
    bench.tell(GET)
    [first] = charged(bench)
    assert first[1]["payment_id"]
    assert first[1]["amount"] == euros(10000)
    assert bench.tell(GET) == bench.tell(CANCEL) == [first]


def test_a_failure_names_the_reason_each_time(bench: ServiceBench) -> None:
    bench.tell(GET)
    said = declined(bench, "card expired")
    assert said == [(FAILED, {"reference": "r-1", "attempt": 1, "reason": "card expired"})]
    assert bench.tell(GET) == said


def test_attempts_are_decided_apart(bench: ServiceBench) -> None:
    bench.tell(retrieve(attempt=1))
    bench.tell(retrieve(attempt=2))
    assert [body["attempt"] for _, body in declined(bench)] == [1]
    [(name, body)] = charged(bench)
    assert (name, body["attempt"]) == (RECEIVED, 2)
    assert [name for name, _ in bench.tell(cancel(attempt=1))] == [FAILED]


def test_references_are_decided_apart(bench: ServiceBench) -> None:
    bench.tell(retrieve("r-1"))
    assert bench.tell(cancel("r-2")) == [(CANCELLED, {"reference": "r-2", "attempt": 1})]
    assert [name for name, _ in charged(bench)] == [RECEIVED]


@pytest.mark.parametrize("command", [cancel(attempt=None), refund(attempt=None)])
def test_a_command_without_an_attempt_means_the_latest(bench: ServiceBench, command: Message) -> None:
    bench.tell(retrieve(attempt=1))
    declined(bench)
    bench.tell(cancel(attempt=3))
    [(_, body)] = bench.tell(command)
    assert body["attempt"] == 3


@pytest.mark.parametrize("command", [cancel("r-9", None), refund("r-9", None)])
def test_the_latest_of_no_attempts_is_the_first(bench: ServiceBench, command: Message) -> None:
    [(_, body)] = bench.tell(command)
    assert body["attempt"] == 1
    assert [name for name, _ in bench.tell(retrieve("r-9", 1))] == [CANCELLED]


def test_an_outcome_that_comes_twice_counts_once(bench: ServiceBench) -> None:
    bench.tell(GET)
    effect = bench.effects[0]
    assert charged(bench)
    bench.effects.append(effect)  # its lease was over, so somebody else carried it out as well
    assert charged(bench) == []
    assert bench.dead_letters() == []


def test_a_redelivered_message_changes_and_says_nothing(bench: ServiceBench) -> None:
    bench.tell(GET, message_id="m-1")
    charged(bench)
    assert bench.tell(GET, message_id="m-1") == []
    assert bench.effects == []
