"""Invariants of money."""

import json
from collections import Counter
from collections.abc import Container, Iterator

from minuet.simulation.oracle.books import Books
from minuet.simulation.oracle.tables import names_of

NOT_CHARGED = ("waiting_for_gateway", "in_clearing", "failed", "cancelled")


def s1_money(books: Books, reference: str) -> Iterator[str]:
    """refunded ≤ received ≤ what was asked; every ledger is double-entry and sums to zero."""
    received, refunded, asked = books.received(reference), books.refunded(reference), books.asked(reference)
    if not refunded <= received <= asked:
        yield f"{reference}: refunded {refunded}, received {received}, asked {asked}"
    balances = "SELECT posting_id, sum(amount), count(*) FROM ledger_entries WHERE reference = ? GROUP BY posting_id"
    for posting, balance, lines in books.rows("payment", balances, reference):
        if balance or lines < 2:
            yield f"posting {posting} of {reference} has {lines} lines that sum to {balance}"


def s1_credit(books: Books, customer_id: str) -> Iterator[str]:
    """refunded ≤ received ≤ what was asked; every ledger is double-entry and sums to zero."""
    owed = "SELECT currency, -sum(amount) FROM ledger_entries WHERE account = 'credit_of:' || ? GROUP BY currency"
    credits = "SELECT currency, balance FROM credits WHERE customer_id = ?"
    booked = dict(books.rows("payment", owed, customer_id))
    balances = dict(books.rows("payment", credits, customer_id))
    for currency in booked.keys() | balances.keys():
        balance, in_ledger = balances.get(currency, 0), booked.get(currency, 0)
        if balance != in_ledger or balance < 0:
            yield f"{customer_id} has {balance} {currency} of credit, the ledger says {in_ledger}"


def s1_credit_of_payer(books: Books, reference: str) -> Iterator[str]:
    """refunded ≤ received ≤ what was asked; every ledger is double-entry and sums to zero."""
    accounts = "SELECT DISTINCT account FROM ledger_entries WHERE reference = ? AND account LIKE 'credit_of:%'"
    for (account,) in books.rows("payment", accounts, reference):
        yield from s1_credit(books, account.partition(":")[2])


def s1_invoice(books: Books, reference: str) -> Iterator[str]:
    """refunded ≤ received ≤ what was asked (an overpaid invoice's surplus is credit, not received)."""
    came = books.value("payment", "SELECT sum(amount) FROM invoice_payments WHERE reference = ?", reference) or 0
    bank = "SELECT sum(amount) FROM ledger_entries WHERE reference = ? AND account = 'bank'"
    booked = books.value("payment", bank, reference) or 0
    if came != booked:
        yield f"{reference}: {came} came over the bank, and {booked} is booked"
    invoice = books.invoice(reference)
    currencies = "SELECT DISTINCT currency FROM invoice_payments WHERE reference = ?"
    for (currency,) in books.rows("payment", currencies, reference):
        if invoice is not None and currency != invoice.data["amount"]["currency"]:
            yield f"{reference}: {currency} came, and the invoice is {invoice.data['amount']}"
    if invoice is not None and invoice.name in ("open", "defaulted") and came >= invoice.data["amount"]["amount"]:
        yield f"{reference}: {came} came, and the invoice of {invoice.data['amount']} is {invoice.state}"


def s4_one_charge(books: Books, reference: str) -> Iterator[str]:
    """at most one effect per command id; the gateway sees at most one charge per idempotency key."""
    keys = books.rows("gateway", "SELECT key FROM charges WHERE reference = ? AND declined IS NULL", reference)
    for attempt, count in Counter(key.rpartition("/")[0] for (key,) in keys).items():  # key = attempt's / card
        if count > 1:
            yield f"the gateway charged {count} times for {attempt}"
    again = "SELECT charge_key, count(*) FROM refunds WHERE reference = ? GROUP BY charge_key HAVING count(*) > 1"
    for charge, count in books.rows("gateway", again, reference):
        yield f"the gateway refunded {count} times for charge {charge}"


def s4_payment_id(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """at most one effect per command id: no two payments of one reference go by the same name."""
    payments = books.payments(instance_id.rpartition("/")[0]) if service == "payment" else []
    for payment_id, count in Counter(payment.data["payment_id"] for payment in payments).items():
        if count > 1:
            yield f"{count} payments go by the name of {payment_id}, {instance_id} among them"


def s5_no_ghost_charge(books: Books, reference: str) -> Iterator[str]:
    """no ghost: no effect without a committed command."""
    charged, _ = books.at_gateway(reference)
    if charged > books.asked(reference):
        yield f"{reference}: the gateway charged {charged}, payment had been asked for {books.asked(reference)}"


def q1_not_charged(books: Books, reference: str) -> Iterator[str]:
    """charged − refunded_card = the gateway's own ledger: a card that is taken for not charged is not charged."""
    keys = books.rows("gateway", "SELECT key FROM charges WHERE reference = ? AND declined IS NULL", reference)
    if keys:
        charged = {key.rpartition("/")[0] for (key,) in keys}  # key = attempt's / card
        free = {name for state in NOT_CHARGED for name in names_of("payment", state)}
        payments = "SELECT instance_id, state FROM saga_instances WHERE subject = ? AND flow = 'payment'"
        for instance_id, state in books.rows("payment", payments, reference):
            if instance_id in charged and state in free:
                yield f"payment {instance_id} is {state}, and the gateway has charged for it"


def q1_not_charged_as_it_says(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """charged − refunded_card = the gateway's own ledger: a card that is taken for not charged is not charged."""
    if service == "payment":
        yield from q1_not_charged(books, instance_id.rpartition("/")[0])


def q1_nothing_left_to_charge(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """charged − refunded_card = the gateway's own ledger: nor will be, by a call that was left behind."""
    free = {name for state in NOT_CHARGED for name in names_of("payment", state)}
    for payment in books.instances(service, instance_id) if service == "payment" else ():
        if payment.flow == "payment" and payment.state in free:
            calls = "SELECT body FROM effects WHERE subject = ? AND headers LIKE '%payment.charge-card.%'"
            for (body,) in books.rows("payment", calls, instance_id.rpartition("/")[0]):
                key = json.loads(body)["charge_key"]
                mine = key.rpartition("/")[0] == instance_id  # key = attempt's / card
                if mine and not books.rows("gateway", "SELECT 1 FROM charges WHERE key = ?", key):
                    yield f"payment {instance_id} is {payment.state}, and {key} is still to be charged"


def q1_money_for_goods(books: Books, reference: str) -> Iterator[str]:
    """received − refunded = value shipped and paid for; charged − refunded_card = the gateway's own ledger."""
    moved, (charged, given_back) = books.moved(reference), books.at_gateway(reference)
    booked = moved.get("charged", 0) - moved.get("refunded_card", 0)
    if booked != charged - given_back and not books.calling_gateway(reference):
        yield f"{reference}: the ledger holds {booked} of the card, the gateway {charged - given_back}"
    order, kept = books.order(reference), books.kept(reference)
    if order is not None and order.name == "completed" and kept != order.total:
        yield f"{reference} is completed, and {kept} of {order.total} was kept"
    if order is not None and order.name == "completed" and books.shipment(reference) != "shipped":
        yield f"{reference} is completed, its parcel is {books.shipment(reference)}"
    if order is not None and order.name == "cancelled" and kept:
        yield f"{reference} is cancelled, and {kept} was kept"


def s1_credit_first(books: Books, changed: Container[str], service: str, instance_id: str) -> Iterator[str]:
    """refunded ≤ received ≤ what was asked: of a card only what the payer has not left with us already."""
    for payment in books.instances(service, instance_id) if service == "payment" else ():
        if payment.flow != "payment" or payment.steps != 1 or payment.data["payer"] is None:
            continue
        payer, amount = payment.data["payer"]["id"], payment.data["amount"]
        credit = "SELECT balance FROM credits WHERE customer_id = ? AND currency = ?"
        left = books.value("payment", credit, payer, amount["currency"]) or 0
        if left and payer not in changed and payment.data["credit_used"] < amount["amount"]:
            yield f"payment {instance_id} is charged to a card, and {payer} has {left} left"
