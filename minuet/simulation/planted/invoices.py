"""Bugs about invoices."""

from contextlib import AbstractContextManager
from typing import Any

from minuet.simulation.planted.bug import bug, rewritten
from payment_service import api, invoice_rules


@bug
def part_of_an_invoice_is_enough() -> AbstractContextManager[None]:
    """An invoice counts as paid as soon as anything comes."""
    return rewritten(invoice_rules.pays_the_rest, lambda _original, _invoice, _came: True)


@bug
def surplus_kept() -> AbstractContextManager[None]:
    """What comes over and above an invoice is in no book."""

    def money_came(original: Any, invoice: Any, *arguments: Any) -> Any:
        return original(invoice, *arguments).model_copy(update={"surplus": invoice.surplus})

    return rewritten(invoice_rules.money_came, money_came)


@bug
def exact_payment_not_enough() -> AbstractContextManager[None]:
    """Who pays his invoice to the cent is reminded all the same."""
    return rewritten(invoice_rules.pays_the_rest, lambda _, invoice, came: came.amount.amount > invoice.open_amount)


@bug
def reminded_of_all_of_it() -> AbstractContextManager[None]:
    """Who has paid a part of an invoice is reminded of all of it."""
    unpaid = {"paid": 0}
    return rewritten(invoice_rules.invoice_reminded, lambda said, invoice: said(invoice.model_copy(update=unpaid)))


@bug
def transfer_booked_again() -> AbstractContextManager[None]:
    """Money of which we are told twice, under one key, is booked twice."""
    return rewritten(api.request_id_of, lambda *_: None)


BUGS = (
    part_of_an_invoice_is_enough,
    surplus_kept,
    exact_payment_not_enough,
    reminded_of_all_of_it,
    transfer_booked_again,
)
