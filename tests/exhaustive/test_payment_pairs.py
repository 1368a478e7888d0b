"""Every pair of state and message of the payment and the invoice flow, reached by a message to the real service."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from uuid import UUID

import httpx

from bus.effects import Effects
from bus.envelope import Envelope
from payment_service import desk
from payment_service.app import service
from payment_service.flow import payment_flow
from payment_service.gateway import Gateway
from payment_service.invoice_flow import invoice_flow
from payment_service.messages import (
    AskGateway,
    CallOutcome,
    CardCharged,
    CardDeclined,
    CardNotCharged,
    CardNotRefunded,
    CardPerhapsCharged,
    CardRefunded,
    CaseAction,
    ChargeCard,
    ClaimCase,
    GiveUpCase,
    MoneyCame,
    RefundCard,
    TakeNewCard,
)
from payment_service.rules import PAUSES
from saga.row import Decision
from saga.stepping import text
from tests.exhaustive.reaching import Bench, Key, Reaching, Standing, Way
from tests.payment_service.words import EUR_100, cancel, cancel_invoice, grant, issue, refund, retrieve

OUTCOMES: dict[str, tuple[type[CallOutcome], ...]] = {  # what can come of a call to the gateway
    ChargeCard.wire_name: (CardCharged, CardDeclined, CardNotCharged, CardPerhapsCharged),
    AskGateway.wire_name: (CardCharged, CardDeclined, CardNotCharged, CardPerhapsCharged),
    RefundCard.wire_name: (CardRefunded, CardNotRefunded),
}
OUTCOME_NAMES = {cls.__name__ for outcomes in OUTCOMES.values() for cls in outcomes}


NO_CASE_YET = {("start", name) for name in ("ClaimCase", "TakeNewCard", "GiveUpCase")}
NOTHING = EUR_100.model_copy(update={"amount": 0})
STUBBORN = ("charging", "waiting_for_gateway", "unsure")  # where a day of tries is followed to its end


def opened(credit: int = 0) -> Bench:
    bench = Bench(service(Gateway(httpx.AsyncClient())))
    grant(bench, credit)
    return bench


def ways(bench: Bench, standing: Standing) -> Iterator[Way]:
    yield from map(bench.by_wire, (retrieve(), cancel(), refund()))
    yield from outcomes(bench)
    yield from case_actions(bench)
    yield from bench.timers(payment_flow, "r-1/1", standing.state)


def outcomes(bench: Bench) -> Iterator[Way]:
    """Of every call that was begun and is not known to have ended, whoever waits for it. That nothing was charged is
    heard as 'perhaps' while another call may still charge the card.
    """
    rows = bench.rows("SELECT headers, body FROM effects ORDER BY effect_id")
    effects = [Envelope.parse(json.loads(headers), body) for headers, body in rows]
    for effect in effects:
        others = {each.type for each in effects if each is not effect}
        for outcome in OUTCOMES[effect.type]:
            made = outcome.model_validate({**json.loads(effect.body), "reason": "so it was"})
            ended = replace(effect, type=outcome.wire_name, body=made.model_dump_json().encode())
            unsure = outcome is CardNotCharged and ChargeCard.wire_name in others
            yield bench.by_source(ended, Effects(), CardPerhapsCharged if unsure else outcome)


def case_actions(bench: Bench) -> Iterator[Way]:
    for (case_id,) in bench.rows("SELECT case_id FROM clearing_cases ORDER BY opened_at, case_id"):
        for action in (ClaimCase, TakeNewCard, GiveUpCase):
            for agent in ("ann", "ben"):
                yield acted(bench, action, UUID(case_id), agent)


def acted(bench: Bench, action: type[CaseAction], case_id: UUID, agent: str) -> Way:
    fields = {"case_id": case_id, "author": agent, "reason": "spoke to her", "card_token": "tok_new"}
    message = action.model_validate({**fields, "reference": "r-1", "attempt": 1})
    return bench.by_call(message, lambda context: desk.act_on_case(case_id, lambda _: message, context))


def key(standing: Standing) -> Key:
    data = standing.data
    if data is None:
        return (standing.state,)
    case = (data.case.agent, data.case.outcome) if data.case else None
    return standing.state, data.card, data.tries, data.perhaps_charged, case, standing.calls


def not_too_far(standing: Standing) -> bool:
    """Two cards, one call that went wrong, one that nobody waits for any more; or a day of calls, and nothing else."""
    data = standing.data
    if data is None or data.tries <= 1:
        return data is None or len(standing.calls) + data.card <= 3
    waited_for = all(data.call in call for call in standing.calls)
    return data.card == 1 and data.tries <= len(PAUSES) and waited_for and standing.state in STUBBORN


def test_every_pair_of_a_payment_is_reached_and_decided_as_the_table_says() -> None:
    """From every place that a payment can be in, everything that can be said to it is said, also by calls to the
    gateway that were given up, and by agents.

    The service does what the first row that fits declares, and does nothing when the same comes again. No pair is left
    out but outcomes of calls that cannot have been made, which are contradictions, and cases of what never was.
    """
    paid_by_card, paid_by_credit = explored(credit=0), explored(credit=10000)
    unreached = set(paid_by_card.unreached_pairs())
    assert {pair for pair in unreached if pair[1] not in OUTCOME_NAMES} == NO_CASE_YET
    assert unreached - NO_CASE_YET <= contradictions()
    assert set(paid_by_card.unreached_rows()) & set(paid_by_credit.unreached_rows()) == set()


def explored(credit: int) -> Reaching:
    bench = opened(credit)
    reaching = Reaching(bench, payment_flow, "r-1/1", lambda standing: ways(bench, standing), key, not_too_far)
    reaching.explore()
    return reaching


def contradictions() -> set[tuple[str, str]]:
    cells = [cell for cell in payment_flow.cells if cell.row.becomes is Decision.CONTRADICTION]
    return {(cell.state.label, text(cell.trigger)) for cell in cells}


# --- invoices


def invoice_ways(bench: Bench, standing: Standing) -> Iterator[Way]:
    yield from map(bench.by_wire, (issue(), issue(amount=NOTHING), cancel_invoice()))
    yield from bench.timers(invoice_flow, "r-1", standing.state)
    if standing.data is not None:
        for cents in (4000, 10000, 12000):
            came = MoneyCame(reference="r-1", amount=EUR_100.model_copy(update={"amount": cents}))
            yield bench.by_call(came, partial(desk.pay_invoice, "r-1", came.amount))


def invoice_key(standing: Standing) -> Key:
    return standing.state, *((standing.data.paid, standing.data.reminders) if standing.data else ())


def test_every_pair_of_an_invoice_is_reached_and_decided_as_the_table_says() -> None:
    """The same of invoices: money comes in parts, all at once, or too much of it."""
    bench = opened()
    reaching = Reaching(
        bench, invoice_flow, "r-1", lambda standing: invoice_ways(bench, standing), invoice_key, lambda _: True
    )
    reaching.explore()
    assert reaching.unreached_pairs() == [("start", "MoneyCame")]  # over HTTP nobody gets to pay what is not there
    assert reaching.unreached_rows() == []
