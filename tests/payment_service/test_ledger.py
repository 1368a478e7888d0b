"""Double-entry bookkeeping."""

import pytest

from payment_service import ledger
from payment_service.ledger import Entry, Posting


def test_every_movement_goes_from_one_account_to_another() -> None:
    """Money that is owed for a reference is on the credit side until it is given back."""
    moved = [
        ledger.charged("k", "r-1", 5, "EUR"),
        ledger.refunded_card("k", "r-1", 5, "EUR"),
        ledger.invoice_paid("k", "r-1", 5, "EUR"),
    ]
    assert [(p.kind, {e.account: e.amount for e in p.entries}) for p in moved] == [
        ("charged", {"card_gateway": 5, "held_for:r-1": -5}),
        ("refunded_card", {"card_gateway": -5, "held_for:r-1": 5}),
        ("invoice_paid", {"bank": 5, "held_for:r-1": -5}),
    ]


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
