"""Bugs in ids."""

from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import count
from typing import Any
from uuid import UUID

import bus.envelope
import bus.unit
from bus.envelope import Envelope
from bus.ids import derived
from bus.unit import Context
from inventory_service import handlers
from inventory_service.messages import FetchGoods, GoodsFetched
from minuet.simulation.planted.bug import both, bug, replaced, rewritten
from order_service import placing
from order_service.messages import PlaceOrder
from payment_service import rules as payment_rules
from payment_service.payment import Payment
from saga.instance import Instance
from saga.row import Moment


@bug
def command_id_not_stable() -> AbstractContextManager[None]:
    """What is published again, as nobody knows whether it was before, is published under a new id."""

    def from_row(cls: type[Envelope], row: Any) -> Envelope:
        envelope: Envelope = original(cls, row)
        return replace(envelope, id=str(derived(envelope.id, next(numbers)))) if envelope.command else envelope

    numbers, original = count(), Envelope.from_row.__func__  # type: ignore[attr-defined]
    return replaced(Envelope, "from_row", classmethod(from_row))


@bug
def deliberate_repeat_under_the_same_id() -> AbstractContextManager[None]:
    """A command that is said again on purpose has the id of the first, so nobody answers it."""

    def enclose(message: Any, *, sender: str, at: Any, cause: Envelope, place: object) -> Envelope:
        envelope = original(message, sender=sender, at=at, cause=cause, place=place)
        same = str(derived(sender, envelope.type, envelope.body.hex()))
        return replace(envelope, id=same) if envelope.command else envelope

    original = bus.envelope.enclose
    return replaced(bus.unit, "enclose", enclose)


@bug
def answer_that_changes() -> AbstractContextManager[None]:
    """Who asks for goods again hears of another pick."""

    def fetch(original: Any, command: FetchGoods, context: Context) -> list[Any]:
        pick_id = str(context.new_id("pick"))
        return [changed_pick(answer, pick_id) for answer in original(command, context)]

    def changed_pick(answer: Any, pick_id: str) -> Any:
        return answer.model_copy(update={"pick_id": pick_id}) if isinstance(answer, GoodsFetched) else answer

    return rewritten(handlers.fetch_goods, fetch)


@bug
def second_order_under_one_key() -> AbstractContextManager[None]:
    """Who places an order again, as he heard no answer, has placed two."""

    def order_id_for(idempotency_key: str) -> UUID:
        return derived("order", idempotency_key, next(numbers))

    def place(command: PlaceOrder, _key: str | None, context: Context) -> Instance:
        return placing.hear(command, context)

    numbers = count()
    return both(replaced(placing, "order_id_for", order_id_for), replaced(placing, "place", place))


@bug
def one_payment_id_for_all_attempts() -> AbstractContextManager[None]:
    """A second payment for one reference has the id of the first."""

    def new_payment(original: Any, command: Any, moment: Moment) -> Payment:
        payment: Payment = original(command, moment)
        return payment.model_copy(update={"payment_id": derived("payment", command.reference)})

    return rewritten(payment_rules.new_payment, new_payment)


BUGS = (
    command_id_not_stable,
    deliberate_repeat_under_the_same_id,
    answer_that_changes,
    second_order_under_one_key,
    one_payment_id_for_all_attempts,
)
