"""What clients see of payments, invoices and the books."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from bus.envelope import rfc3339
from bus.errors import Refused
from payment_service.invoice import Invoice
from payment_service.ledger import KINDS
from payment_service.messages import NO_CURRENCY
from payment_service.models import invoice_payments, invoices, ledger_entries, payments
from payment_service.payment import Payment


def payment(connection: sa.Connection, reference: str) -> dict[str, Any]:
    """The latest attempt, and the money of all of them. Raises Refused with status 404."""
    query = sa.select(payments).where(payments.c.reference == reference).order_by(payments.c.attempt)
    attempts = [Payment(**row._mapping) for row in connection.execute(query)]
    if not attempts:
        raise Refused(f"there is no payment for {reference!r}", 404)
    latest = attempts[-1]
    currency = currency_of(attempts)
    return {
        "reference": reference,
        "state": latest.state,
        "amount": money(latest.amount, latest.currency),
        "received": money(sum(each.received for each in attempts if each.currency == currency), currency),
        "refunded": money(sum(each.refunded for each in attempts if each.currency == currency), currency),
        "history": [entry for each in attempts for entry in each.history],
        "attempts": [attempt(each) for each in attempts],
    }


def currency_of(attempts: Sequence[Payment]) -> str:
    """The latest attempt's that has one."""
    named = [each.currency for each in attempts if each.currency != NO_CURRENCY]
    return named[-1] if named else NO_CURRENCY


def attempt(payment: Payment) -> dict[str, Any]:
    return {
        "attempt": payment.attempt,
        "state": payment.state,
        "payment_id": payment.payment_id,
        "amount": money(payment.amount, payment.currency),
        "received": money(payment.received, payment.currency),
        "refunded": money(payment.refunded, payment.currency),
        "reason": payment.reason,
    }


def invoice(connection: sa.Connection, reference: str) -> dict[str, Any]:
    """Raises Refused with status 404."""
    row = connection.execute(sa.select(invoices).where(invoices.c.reference == reference)).first()
    if row is None:
        raise Refused(f"there is no invoice for {reference!r}", 404)
    parts = invoice_payments
    query = sa.select(parts).where(parts.c.reference == reference).order_by(parts.c.at, parts.c.request_id)
    came = [{"at": rfc3339(p.at), "amount": money(p.amount, p.currency)} for p in connection.execute(query)]
    return {**standing(Invoice(**row._mapping)), "payments": came}


def standing(invoice: Invoice) -> dict[str, Any]:
    """How an invoice stands."""
    return {
        "reference": invoice.reference,
        "state": invoice.state,
        "amount": money(invoice.amount, invoice.currency),
        "paid": money(invoice.paid, invoice.currency),
        "issued_at": invoice.issued_at and rfc3339(invoice.issued_at),
        "due_at": invoice.due_at and rfc3339(invoice.due_at),
    }


def ledger(connection: sa.Connection) -> dict[str, Any]:
    """Totals per currency, and every entry of the books in the sequence of its booking."""
    entries = ledger_entries
    query = sa.select(entries).order_by(entries.c.at, entries.c.posting_id, entries.c.line)
    rows = connection.execute(query).all()
    return {"totals": totals(rows), "entries": [entry(row) for row in rows]}


def totals(rows: Sequence[Any]) -> dict[str, dict[str, int]]:
    """By currency and kind: the debit side, which is what was moved."""
    found = {row.currency: dict.fromkeys(KINDS, 0) for row in rows}
    for row in rows:
        found[row.currency][row.kind] += max(0, row.amount)
    return dict(sorted(found.items()))


def entry(row: Any) -> dict[str, Any]:
    return {
        "posting_id": row.posting_id,
        "line": row.line,
        "at": rfc3339(row.at),
        "kind": row.kind,
        "reference": row.reference,
        "account": row.account,
        "amount": money(row.amount, row.currency),
    }


def money(amount: int, currency: str) -> dict[str, Any]:
    return {"amount": amount, "currency": currency}
