"""Bugs that cost money."""

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from minuet.simulation.planted.bug import both, bug, replaced, rewritten
from order_service import sends as order_sends
from payment_service import books, handlers, ledger, rules, sends
from payment_service.gateway import AnswerUnknown, Gateway, GatewayUnreachable
from payment_service.ledger import Posting
from payment_service.models import Credits, Ledger
from payment_service.payment import Payment
from saga.keeping import Keeper
from sandbox_gateway import ledger as gateway


@bug
def refund_forgotten() -> AbstractContextManager[None]:
    """A refund is confirmed, and never made."""

    async def refund(_self: Gateway, *_: object) -> None:
        """Nobody is asked."""

    return replaced(Gateway, "refund", refund)


@bug
def refund_made_twice() -> AbstractContextManager[None]:
    """A refund whose answer was lost is asked for under another key, of a gateway that gives it again."""
    another_key = property(lambda self: f"{self.charge_key}/refund/{self.tries}")
    return both(replaced(Payment, "refund_key", another_key), replaced(gateway, "refusal_of", lambda *_: None))


@bug
def another_card_charged() -> AbstractContextManager[None]:
    """A payment is charged to a card that nobody gave for it."""

    def charge_card(original: Any, payment: Payment) -> Any:
        return original(payment).model_copy(update={"card_token": "tok_ok"})

    return rewritten(sends.charge_card, charge_card)


@bug
def another_card_asked_for() -> AbstractContextManager[None]:
    """An order is to be paid with a card that its customer did not give."""

    def retrieve_payment(original: Any, order: Any) -> Any:
        return original(order).model_copy(update={"card_token": "tok_ok"})

    return rewritten(order_sends.retrieve_payment, retrieve_payment)


@bug
def gateway_key_not_stable() -> AbstractContextManager[None]:
    """A charge whose answer was lost is asked for under another key."""
    return replaced(Payment, "charge_key", property(lambda self: f"{self.reference}/{self.attempt}/{self.call}"))


@bug
def refund_of_what_was_asked() -> AbstractContextManager[None]:
    """Who paid in part by credit is to get all of it back on the card."""

    def refund_card(original: Any, payment: Payment) -> Any:
        return original(payment).model_copy(update={"amount": payment.amount})

    return rewritten(sends.refund_card, refund_card)


@bug
def silence_taken_for_a_no() -> AbstractContextManager[None]:
    """A call whose answer was lost is taken for one that was never made."""

    async def call(self: Gateway, *arguments: Any) -> Any:
        try:
            return await original(self, *arguments)
        except AnswerUnknown as error:
            raise GatewayUnreachable(str(error)) from error

    original = Gateway._call
    return replaced(Gateway, "_call", call)


@bug
def unknown_charge_believed_at_once() -> AbstractContextManager[None]:
    """That the gateway knows of no such charge is believed, though ours may still be on its way."""
    return replaced(Gateway, "ask_surely", Gateway.ask)


@bug
def payment_called_off_during_a_call() -> AbstractContextManager[None]:
    """A payment is cancelled while what became of its call is unknown, as if nothing came of it."""

    def perhaps(original: Any, payment: Payment, *arguments: Any) -> Payment:
        after: Payment = original(payment, *arguments)
        return after.model_copy(update={"perhaps_charged": False})

    return both(rewritten(rules.perhaps, perhaps), replaced(Gateway, "ask_surely", nothing_known))


async def nothing_known(_self: Gateway, _key: str) -> None:
    return None


@bug
def credit_not_given_back() -> AbstractContextManager[None]:
    """Credit that was used for a payment that came to nothing is gone."""
    return replaced(rules, "credit_back", lambda payment: payment)


@bug
def credit_used_again_and_again() -> AbstractContextManager[None]:
    """Credit that was used is still there."""

    def add(self: Credits, customer_id: str, currency: str, amount: int) -> None:
        if amount > 0:
            original(self, customer_id, currency, amount)

    original = Credits.add
    return replaced(Credits, "add", add)


@bug
def case_left_open() -> AbstractContextManager[None]:
    """A clearing case of a payment that was called off is still on the call centre's list."""
    return replaced(rules, "closed", lambda payment, *_: payment)


@bug
def case_not_listed_as_closed() -> AbstractContextManager[None]:
    """The list of clearing cases is written when a case is opened, and never again."""

    def listed(payment: Payment, case: Any) -> Any:
        return original(payment, case if case.outcome is None else case.model_copy(update={"outcome": None}))

    original = books.listed
    return replaced(books, "listed", listed)


@bug
def posting_one_sided() -> AbstractContextManager[None]:
    """The books say where money came to, not where it came from."""

    def book(self: Any, posting: Posting, *arguments: Any) -> None:
        original(self, posting, *arguments)
        self._new.pop()

    original = Ledger.book
    return replaced(Ledger, "book", book)


@bug
def charge_booked_the_wrong_way_round() -> AbstractContextManager[None]:
    """What the gateway charged is booked as if it had been given back."""

    def turned(posting: Posting) -> Posting:
        entries = tuple(replace(entry, amount=-entry.amount) for entry in posting.entries)
        return replace(posting, entries=entries) if posting.kind == "charged" else posting

    original = ledger.of_payment
    return replaced(ledger, "of_payment", lambda before, after: map(turned, original(before, after)))


@bug
def refund_not_in_the_books() -> AbstractContextManager[None]:
    """Money that was given back to a card is still in our books."""

    def postings(before: Any, after: Any) -> Any:
        return (posting for posting in original(before, after) if posting.kind != "refunded_card")

    original = ledger.of_payment
    return replaced(ledger, "of_payment", postings)


@bug
def payment_tombstone_not_kept() -> AbstractContextManager[None]:
    """That a payment was called off before it was asked for is said, and not remembered."""
    original = Keeper._keep

    def keep(self: Keeper, before: Any, made: Any, context: Any) -> None:
        called_off = before.state == self.flow.start.label and made.instance.state == "cancelled"
        if not called_off:
            original(self, before, made, context)

    return replaced(Keeper, "_keep", keep)


@bug
def first_attempt_meant() -> AbstractContextManager[None]:
    """Who calls a payment off without naming an attempt calls the first one off."""
    return replaced(handlers, "latest_attempt", lambda _sagas, _reference: 1)


BUGS = (
    refund_forgotten,
    refund_made_twice,
    another_card_charged,
    another_card_asked_for,
    gateway_key_not_stable,
    refund_of_what_was_asked,
    silence_taken_for_a_no,
    unknown_charge_believed_at_once,
    payment_called_off_during_a_call,
    credit_not_given_back,
    credit_used_again_and_again,
    case_left_open,
    case_not_listed_as_closed,
    posting_one_sided,
    charge_booked_the_wrong_way_round,
    refund_not_in_the_books,
    payment_tombstone_not_kept,
    first_attempt_meant,
)
