"""Double-entry bookkeeping."""

from collections.abc import Iterable

import pytest

from payment_service import ledger
from payment_service.invoice import Invoice
from payment_service.ledger import Entry, Posting
from payment_service.payment import Payment
from tests.payment_service.words import EUR_100, PAYER


def balances(postings: Iterable[Posting]) -> list[tuple[str, dict[str, int]]]:
    return [(p.id, {e.account: e.amount for e in p.entries}) for p in postings]


def payment(**money: int) -> Payment:
    return Payment(reference="r-1", attempt=2, amount=EUR_100, payer=PAYER, card=3, **money)


def test_the_books_follow_what_a_step_did_to_a_payment() -> None:
    """Money that is owed for a reference is on the credit side until it is given back."""
    assert balances(ledger.of_payment(None, payment(credit_used=4))) == [
        ("credit_used:r-1/2", {"held_for:r-1": -4, "credit_of:c-1": 4})
    ]
    assert balances(ledger.of_payment(payment(credit_used=4), payment(credit_used=4, charged=5))) == [
        ("charged:r-1/2/3", {"held_for:r-1": -5, "card_gateway": 5})
    ]
    everything = payment(credit_used=4, charged=5, refunded_card=5, refunded_credit=4)
    assert balances(ledger.of_payment(payment(credit_used=4, charged=5), everything)) == [
        ("refunded_card:r-1/2/3/refund", {"held_for:r-1": 5, "card_gateway": -5}),
        ("refunded_credit:r-1/2", {"held_for:r-1": 4, "credit_of:c-1": -4}),
    ]
    assert balances(ledger.of_payment(everything, everything)) == []


def test_what_is_paid_over_and_above_an_invoice_is_the_payers_credit() -> None:
    before = Invoice(reference="r-1", amount=EUR_100, payer=PAYER, paid=4)
    after = before.model_copy(update={"paid": 10, "surplus": 3})
    assert balances(ledger.of_invoice(before, after, "q-1")) == [
        ("invoice_paid:q-1", {"held_for:r-1": -6, "bank": 6}),
        ("invoice_overpaid:q-1", {"credit_of:c-1": -3, "bank": 3}),
    ]


@pytest.mark.parametrize("amount", [5, -5])
def test_credit_is_granted_and_taken_back(amount: int) -> None:
    posting = ledger.granted("q-1", "c-1", amount, "EUR")
    assert balances([posting]) == [("credit_granted:q-1", {"credit_of:c-1": -amount, "credit_grants": amount})]


@pytest.mark.parametrize(
    "entries",
    [
        (),
        (Entry("bank", 0, "EUR"),),
        (Entry("bank", 5, "EUR"), Entry("card_gateway", -4, "EUR")),
        (Entry("bank", 5, "EUR"), Entry("card_gateway", -5, "USD")),
        (Entry("bank", 5, "EUR"), Entry("card_gateway", -5, "EUR"), Entry("bank", 1, "USD")),
    ],
)
def test_a_posting_that_does_not_balance_per_currency_cannot_be_made(entries: tuple[Entry, ...]) -> None:
    with pytest.raises(ValueError, match="not balanced"):
        Posting("p", "charged", "r-1", entries)
