"""Every pair of state and message of the order flow, reached by a real message to the real service."""

from collections.abc import Callable, Iterator

import pytest

from bus.message import Event
from order_service import api
from order_service.app import service
from order_service.flow import order_flow
from order_service.messages import ByInvoice, Money
from order_service.models import ShopStore
from order_service.neighbours import FromPayment
from tests.exhaustive.reaching import Bench, Key, Reaching, Standing, Way
from tests.order_service.words import CANCEL, CLOSE, ID, RETRY, customer, decide, hear, place

VIP = customer("vip").model_copy(update={"id": "c-vip"})
BY_INVOICE = place().model_copy(update={"customer_id": VIP.id, "payment": ByInvoice(method="invoice")})
COMMANDS = (place(), BY_INVOICE, CANCEL, decide(True), decide(False), decide(True, 9))

UNREACHABLE = {("start", "RetryOrder"), ("start", "CloseOrder")}  # only said over HTTP, and of orders that are there
NOBODYS = 9  # attempt: nobody has asked for that one yet
BY_INVOICE_ONLY = "awaiting_invoice_payment"  # where nothing was paid by card, so there is no older attempt


def opened() -> Bench:
    bench = Bench(service())
    tea = Money(amount=1000, currency="EUR")
    for each in (customer(), VIP):
        bench.call(lambda context, each=each: context.store(ShopStore).put_customer(each))  # type: ignore[misc]
    bench.call(lambda context: context.store(ShopStore).put_price("tea", "Tea", tea))
    return bench


def ways(bench: Bench, standing: Standing) -> Iterator[Way]:
    yield from map(bench.by_wire, COMMANDS)
    for heard in order_flow.messages:
        if issubclass(heard, Event):
            yield bench.by_wire(hear(heard))
        if issubclass(heard, FromPayment):
            yield from (bench.by_wire(hear(heard, attempt)) for attempt in (1, NOBODYS))
    for wish in (RETRY, CLOSE) if standing.data else ():
        yield bench.by_call(wish, lambda context, wish=wish: api.told(wish, context))  # type: ignore[misc]
    yield from bench.timers(order_flow, str(ID), standing.state)


def by_state(standing: Standing) -> Key:
    return standing.state, *((standing.data.card_token, standing.data.attempt) if standing.data else ())


def by_state_and_undos(standing: Standing) -> Key:
    return *by_state(standing), standing.undos


def not_too_far(standing: Standing) -> bool:
    return not standing.data or standing.data.attempt <= 2


@pytest.mark.parametrize("key", [by_state, pytest.param(by_state_and_undos, marks=pytest.mark.long)])
def test_every_pair_is_reached_and_decided_as_the_table_says(key: Callable[[Standing], Key]) -> None:
    """From every place that an order of two payments at most can be in, everything that can be said to it is said.

    The service does what the first row that fits declares, keeps contradictions and what came too early as dead
    letters, and does nothing when the same comes again. No pair, and no row of a pair, is left out.
    """
    bench = opened()
    reaching = Reaching(bench, order_flow, str(ID), lambda standing: ways(bench, standing), key, not_too_far)
    reaching.explore()
    assert set(reaching.unreached_pairs()) == UNREACHABLE
    assert [row for row in reaching.unreached_rows() if BY_INVOICE_ONLY not in row or "older_attempt" not in row] == []
