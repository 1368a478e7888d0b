"""Calls to the gateway end in an outcome, whatever happens, and an outcome says no more than is known."""

from collections.abc import AsyncIterator

import httpx
import pytest

from bus.database import Database
from payment_service import gateway as gateway_module
from payment_service.gateway import Gateway
from payment_service.messages import (
    AskGateway,
    CallOutcome,
    CardCharged,
    CardDeclined,
    CardNotCharged,
    CardNotRefunded,
    CardPerhapsCharged,
    CardRefunded,
    ChargeCard,
    RefundCard,
)
from payment_service.performers import performers
from tests.payment_service.wire import (
    NOT_ITS_WORD,
    NOT_PROCESSED,
    UNKNOWN,
    Answer,
    Wire,
    answers,
    fails,
    no_such_charge,
)
from tests.payment_service.words import EUR_100
from tests.sandbox_gateway.words import charge, charged_keys, client_of, ledger

KEY = "r-1/1/1"
CALL = {"reference": "r-1", "attempt": 1, "call": "1.0"}
NOBODY = answers(503)
IN_VAIN = {**NOT_ITS_WORD, **NOT_PROCESSED, **UNKNOWN}


@pytest.fixture
async def sandbox() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(Database("sqlite://")) as client:
        yield client


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_module, "TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(gateway_module, "SETTLING_SECONDS", 0.0)


def charging(token: str = "tok_ok", *, again: bool = False, ask_first: bool = False) -> ChargeCard:
    return ChargeCard(**CALL, charge_key=KEY, amount=EUR_100, card_token=token, ask_first=ask_first, again=again)


ASKING = AskGateway(**CALL, charge_key=KEY)
REFUNDING = RefundCard(reference="r-1", attempt=1, refund_key=f"{KEY}/refund", charge_key=KEY, amount=EUR_100)


async def perform(gateway: Gateway, effect: ChargeCard | AskGateway | RefundCard) -> CallOutcome:
    performer = next(p for p in performers(gateway) if p.effect is type(effect))
    outcome = await performer.perform(effect)
    assert isinstance(outcome, CallOutcome)
    return outcome


@pytest.mark.parametrize(
    ("token", "outcome"),
    [
        ("tok_ok", CardCharged(**CALL)),
        ("tok_declined", CardDeclined(**CALL, reason="card declined")),
        ("tok_expired", CardDeclined(**CALL, reason="card expired")),
        ("tok_unknown_3", CardCharged(**CALL)),
        ("tok_slow_60000", CardCharged(**CALL)),
    ],
)
async def test_every_card_has_its_outcome(sandbox: httpx.AsyncClient, token: str, outcome: CallOutcome) -> None:
    assert await perform(Gateway(sandbox), charging(token)) == outcome


async def test_a_card_that_is_out_of_reach_is_surely_not_charged(sandbox: httpx.AsyncClient) -> None:
    assert isinstance(await perform(Gateway(sandbox), charging("tok_flaky_1")), CardNotCharged)
    assert await charged_keys(sandbox) == []
    assert isinstance(await perform(Gateway(sandbox), charging("tok_flaky_1")), CardCharged)


@pytest.mark.parametrize("post", NOT_PROCESSED.values(), ids=NOT_PROCESSED.keys())
async def test_nobody_there_is_a_no_only_if_nobody_asked_before(post: Answer) -> None:
    gateway = Wire(post).gateway()
    assert isinstance(await perform(gateway, charging()), CardNotCharged)
    assert isinstance(await perform(gateway, charging(again=True)), CardPerhapsCharged)
    assert isinstance(await perform(gateway, charging(ask_first=True)), CardPerhapsCharged)


@pytest.mark.parametrize("post", UNKNOWN.values(), ids=UNKNOWN.keys())
@pytest.mark.parametrize("ask_first", [True, False])
async def test_an_unknown_answer_stays_unknown_if_asking_tells_nothing(post: Answer, ask_first: bool) -> None:
    assert isinstance(await perform(Wire(post).gateway(), charging(ask_first=ask_first)), CardPerhapsCharged)


@pytest.mark.parametrize("status", [400, 409, 422])
async def test_that_a_question_is_refused_says_nothing_of_the_card(status: int) -> None:
    """Else another card would be charged, too."""
    for wire, effect in (
        (Wire(NOBODY, answers(status)), charging(ask_first=True)),
        (Wire(answers(504), answers(status)), charging()),
        (Wire(NOBODY, answers(status)), ASKING),
    ):
        assert isinstance(await perform(wire.gateway(), effect), CardPerhapsCharged)


async def test_what_was_charged_before_is_found_by_asking_first(sandbox: httpx.AsyncClient) -> None:
    await charge(sandbox, KEY)
    before = (await ledger(sandbox))["requests"]
    assert await perform(Gateway(sandbox), charging("tok_ok", ask_first=True)) == CardCharged(**CALL)
    assert (await ledger(sandbox))["requests"] == before + 1
    assert await charged_keys(sandbox) == [KEY]


async def test_what_was_not_charged_before_is_charged_after_asking(sandbox: httpx.AsyncClient) -> None:
    assert await perform(Gateway(sandbox), charging(ask_first=True)) == CardCharged(**CALL)
    assert await charged_keys(sandbox) == [KEY]


async def test_a_charge_that_the_gateway_refuses_is_declined() -> None:
    outcome = await perform(Wire(answers(422, {"detail": "the key was used"})).gateway(), charging())
    assert isinstance(outcome, CardDeclined)
    assert "refused by the gateway" in outcome.reason


@pytest.mark.parametrize("status", [401, 403, 404, 429])
async def test_a_gateway_that_does_not_look_at_the_charge_is_away(status: int) -> None:
    assert isinstance(await perform(Wire(answers(status)).gateway(), charging()), CardNotCharged)


@pytest.mark.parametrize("token", ["tok_ok", "tok_declined"])
async def test_to_ask_charges_nothing(sandbox: httpx.AsyncClient, token: str) -> None:
    assert isinstance(await perform(Gateway(sandbox), ASKING), CardNotCharged)
    assert await charged_keys(sandbox) == []
    await charge(sandbox, KEY, token)
    expected = CardCharged if token == "tok_ok" else CardDeclined
    assert isinstance(await perform(Gateway(sandbox), ASKING), expected)


async def test_that_the_gateway_knows_no_charge_is_believed_the_second_time() -> None:
    """The first call may still be on its way to it."""
    found = iter([no_such_charge, answers(200, {"status": "charged"})])
    wire = Wire(NOBODY, lambda request: next(found)(request))
    assert await perform(wire.gateway(), ASKING) == CardCharged(**CALL)
    assert len(wire.calls) == 2


@pytest.mark.parametrize("ask", IN_VAIN.values(), ids=IN_VAIN.keys())
async def test_asking_in_vain_leaves_it_unknown(ask: Answer) -> None:
    assert isinstance(await perform(Wire(NOBODY, ask).gateway(), ASKING), CardPerhapsCharged)


async def test_a_refund_is_given_once_however_often_it_is_tried(sandbox: httpx.AsyncClient) -> None:
    await charge(sandbox, KEY)
    for _ in range(2):
        assert isinstance(await perform(Gateway(sandbox), REFUNDING), CardRefunded)
    assert len((await ledger(sandbox))["refunds"]) == 1


@pytest.mark.parametrize("post", [*NOT_PROCESSED.values(), answers(504), fails(httpx.ReadTimeout), answers(422)])
async def test_a_refund_that_did_not_surely_happen_is_to_be_tried_again(post: Answer) -> None:
    assert isinstance(await perform(Wire(post).gateway(), REFUNDING), CardNotRefunded)


async def test_what_others_say_is_cut_short_and_holds_no_nul() -> None:
    outcome = await perform(Wire(lambda _: httpx.Response(503, text="nul\x00" * 500)).gateway(), charging())
    assert isinstance(outcome, CardNotCharged)
    assert len(outcome.reason) <= 200
    assert "\x00" not in outcome.reason


def test_the_longest_call_ends_well_before_the_lease_of_an_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert 3 * gateway_module.TIMEOUT_SECONDS <= 7.5
    assert 2 * gateway_module.TIMEOUT_SECONDS + gateway_module.SETTLING_SECONDS <= 7.5
