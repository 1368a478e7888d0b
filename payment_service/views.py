"""What clients see of payments, invoices, credit and the books. Reads only."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from bus.envelope import rfc3339
from bus.errors import Refused
from payment_service.flow import payment_flow
from payment_service.invoice import Invoice
from payment_service.invoice_flow import invoice_flow
from payment_service.ledger import TOTALS
from payment_service.messages import NO_CURRENCY
from payment_service.models import bus_tables, credits, invoice_payments, ledger_entries, saga_tables
from payment_service.payment import Payment
from saga import view
from saga.flow import Flow
from saga.state import name_of

instances = saga_tables.instances


def payment(connection: sa.Connection, reference: str) -> dict[str, Any]:
    """The latest attempt, and the money of all of them. Raises Refused with status 404."""
    rows = rows_about(connection, payment_flow, reference)
    if not rows:
        raise Refused(f"there is no payment for {reference!r}", 404)
    attempts = sorted(((name_of(row.state), Payment.model_validate(row.data)) for row in rows), key=attempt_number)
    state, latest = attempts[-1]
    currency = currency_of([payment for _, payment in attempts])
    same = [payment for _, payment in attempts if payment.amount.currency == currency]
    return {
        "reference": reference,
        "state": state,
        "amount": latest.amount,
        "received": money(sum(each.received for each in same), currency),
        "refunded": money(sum(each.refunded for each in same), currency),
        "history": [step for _, each in attempts for step in history_of(connection, each)],
        "deadlines": view.deadlines(connection, bus_tables.timers, reference),
        "attempts": [attempt(state, each) for state, each in attempts],
    }


def attempt_number(attempt: tuple[str, Payment]) -> int:
    return attempt[1].attempt


def rows_about(connection: sa.Connection, flow: Flow, reference: str) -> Sequence[Any]:
    query = sa.select(instances).where(instances.c.subject == reference, instances.c.flow == flow.name)
    return connection.execute(query).all()


def history_of(connection: sa.Connection, payment: Payment) -> list[dict[str, Any]]:
    instance_id = f"{payment.reference}/{payment.attempt}"
    steps = view.history(connection, saga_tables, payment_flow.name, instance_id)
    return [{"attempt": payment.attempt, **step} for step in steps]


def currency_of(payments: Sequence[Payment]) -> str:
    """The latest attempt's that has one."""
    named = [each.amount.currency for each in payments if each.amount.currency != NO_CURRENCY]
    return named[-1] if named else NO_CURRENCY


def attempt(state: str, payment: Payment) -> dict[str, Any]:
    return {
        "attempt": payment.attempt,
        "state": state,
        "payment_id": payment.payment_id,
        "amount": payment.amount,
        "received": payment.money(payment.received),
        "refunded": payment.money(payment.refunded),
        "credit_used": payment.money(payment.credit_used),
        "charged": payment.money(payment.charged),
        "reason": payment.reason or None,
        "case_id": payment.case.case_id if payment.case else None,
    }


def invoice(connection: sa.Connection, reference: str) -> dict[str, Any]:
    """Raises Refused with status 404."""
    rows = rows_about(connection, invoice_flow, reference)
    if not rows:
        raise Refused(f"there is no invoice for {reference!r}", 404)
    parts = invoice_payments
    query = sa.select(parts).where(parts.c.reference == reference).order_by(parts.c.at, parts.c.request_id)
    came = [{"at": rfc3339(p.at), "amount": money(p.amount, p.currency)} for p in connection.execute(query)]
    return {
        **standing(rows[0].state, Invoice.model_validate(rows[0].data)),
        "payments": came,
        "history": view.history(connection, saga_tables, invoice_flow.name, reference),
        "deadlines": view.deadlines(connection, bus_tables.timers, reference),
    }


def standing(state: str, invoice: Invoice) -> dict[str, Any]:
    """How an invoice stands."""
    return {
        "reference": invoice.reference,
        "state": state,
        "amount": invoice.amount,
        "paid": money(invoice.paid, invoice.amount.currency),
        "surplus": money(invoice.surplus, invoice.amount.currency),
        "issued_at": invoice.issued_at and rfc3339(invoice.issued_at),
        "due_at": invoice.due_at and rfc3339(invoice.due_at),
        "reminders": invoice.reminders,
    }


def credit(connection: sa.Connection, customer_id: str) -> dict[str, Any]:
    """In every currency; `balance` is the first that is not empty. Raises Refused with status 404."""
    query = sa.select(credits).where(credits.c.customer_id == customer_id)
    rows = connection.execute(query.order_by(credits.c.balance == 0, credits.c.currency)).all()
    if not rows:
        raise Refused(f"customer {customer_id!r} never had credit: give some with PUT /credits/{{customer_id}}", 404)
    balances = [money(row.balance, row.currency) for row in rows]
    return {"customer_id": customer_id, "balance": balances[0], "balances": balances}


def ledger(connection: sa.Connection) -> dict[str, Any]:
    """Totals per currency, and every entry of the books in the sequence of its booking."""
    entries = ledger_entries
    query = sa.select(entries).order_by(entries.c.at, entries.c.posting_id, entries.c.line)
    rows = connection.execute(query).all()
    return {"totals": totals(rows), "entries": [entry(row) for row in rows]}


def totals(rows: Sequence[Any]) -> dict[str, dict[str, int]]:
    """By currency and kind: the debit side, which is what was moved."""
    found = {row.currency: dict.fromkeys(TOTALS, 0) for row in rows}
    for row in rows:
        if row.kind in TOTALS:
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
