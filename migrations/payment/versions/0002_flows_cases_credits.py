"""Payments and invoices become instances of flows; clearing cases and credits are new.

What was decided is carried over, and so are open invoices, with their deadlines. A call to the gateway that is under
way is not: the version before this one ends it within seconds, and then the upgrade goes through. A downgrade forgets
what the flows knew; the books stay.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sa
from alembic import op

from migrations.shared import saga_1

revision = "0002"
down_revision = "0001"

MINUET = UUID("6d696e75-6574-4000-8000-000000000000")
DEADLINES = {"first reminder": 7, "second reminder": 14, "default": 30}  # days after the due date
BEFORE_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # nobody noted when a payment began; its history began with it

old = sa.MetaData()
payments = sa.Table(
    "payments",
    old,
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("payment_id", sa.Text, nullable=True, unique=True),
    sa.Column("reason", sa.Text, nullable=True),
    sa.Column("cancel_wished", sa.Boolean, nullable=False),
    sa.Column("refund_wished", sa.Boolean, nullable=False),
    sa.Column("history", sa.JSON, nullable=False),
)
invoices = sa.Table(
    "invoices",
    old,
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("paid", sa.BigInteger, nullable=False),
    sa.Column("payer", sa.JSON, nullable=False),
    sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
    sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("paid BETWEEN 0 AND amount", name="paid_at_most_what_was_asked"),
)
COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("instance_id", "flow", "subject", "state"), sa.Text),
    **dict.fromkeys(("revision", "generation", "steps"), sa.Integer),
    **dict.fromkeys(("data", "undos", "heard"), sa.JSON),
    **dict.fromkeys(("created_at", "updated_at"), sa.DateTime(timezone=True)),
}
instances = sa.table("saga_instances", *(sa.column(name, kind) for name, kind in COLUMNS.items()))
history = sa.table(
    "saga_history",
    *(sa.column(n) for n in ("instance_id", "flow", "from_state", "to_state", "because", "message_id")),
    *(sa.column(n) for n in ("step", "author", "reason")),
    sa.column("at", sa.DateTime(timezone=True)),
    sa.column("sent", sa.JSON),
)
timers = sa.table(
    "timers",
    *(sa.column(n) for n in ("timer_id", "subject", "name", "wakes", "headers", "body")),
    sa.column("due_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":  # what the version before commits meanwhile would be lost
        op.execute("LOCK TABLE payments, invoices, effects IN ACCESS EXCLUSIVE MODE")
    refuse_calls_under_way()
    saga_1.create()
    op.create_table(
        "clearing_cases",
        sa.Column("case_id", sa.Text, primary_key=True),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agent", sa.Text, nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text, nullable=True),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("clearing_cases_by_age", "clearing_cases", ["outcome", "opened_at", "case_id"])
    op.create_table(
        "credits",
        sa.Column("customer_id", sa.Text, primary_key=True),
        sa.Column("currency", sa.Text, primary_key=True),
        sa.Column("balance", sa.BigInteger, nullable=False),
        sa.CheckConstraint("balance >= 0", name="no_credit_below_zero"),
    )
    carry_over(payments, payment_instance)
    carry_over(invoices, invoice_instance)
    arm_open_invoices()
    op.drop_table("invoices")
    op.drop_table("payments")


def downgrade() -> None:
    for table in ("credits", "clearing_cases"):
        op.drop_table(table)
    op.execute("DELETE FROM timers")  # those that there are belong to flows
    saga_1.drop()
    old.create_all(op.get_bind())


def refuse_calls_under_way() -> None:
    under_way = sa.select(sa.func.count()).where(payments.c.state.in_(("charging", "refunding")))
    number = op.get_bind().execute(under_way).scalar_one()
    if number:
        raise RuntimeError(
            f"{number} calls to the gateway are under way: let the version before end them, then upgrade again"
        )


def carry_over(table: sa.Table, instance: Callable[[Any], dict[str, Any]]) -> None:
    for row in op.get_bind().execute(sa.select(table)).all():
        made = instance(row)
        op.get_bind().execute(sa.insert(instances).values({**made, "undos": [], "heard": []}))
        key = {name: made[name] for name in ("instance_id", "flow")}
        step = {"step": 1, "at": made["created_at"], "from_state": "start", "to_state": made["state"]}
        why = {"because": "upgrade", "message_id": "", "sent": [], "author": "", "reason": "carried over"}
        op.get_bind().execute(sa.insert(history).values({**key, **step, **why}))


def payment_instance(row: Any) -> dict[str, Any]:
    came = row.amount if row.state in ("received", "refunded") else 0
    data = {
        "reference": row.reference,
        "attempt": row.attempt,
        "amount": {"amount": row.amount, "currency": row.currency},
        "payment_id": row.payment_id,
        "reason": row.reason or "",
        "charged": came,
        "refunded_card": came if row.state == "refunded" else 0,
    }
    at = datetime.fromisoformat(row.history[0]["at"]) if row.history else BEFORE_TIME
    return {**begun("payment", f"{row.reference}/{row.attempt}", row.reference, row.state, at), "data": data}


def invoice_instance(row: Any) -> dict[str, Any]:
    issued_at, due_at = moment(row.issued_at), moment(row.due_at)
    data = {
        "reference": row.reference,
        "amount": {"amount": row.amount, "currency": row.currency},
        "payer": row.payer or None,
        "issued_at": issued_at and issued_at.isoformat(),
        "due_at": due_at and due_at.isoformat(),
        "paid": row.paid,
    }
    return {**begun("invoice", row.reference, row.reference, row.state, issued_at or BEFORE_TIME), "data": data}


def begun(flow: str, instance_id: str, subject: str, state: str, at: datetime) -> dict[str, Any]:
    key = {"flow": flow, "instance_id": instance_id, "subject": subject, "state": state}
    return {**key, "revision": 1, "generation": 1, "steps": 1, "created_at": at, "updated_at": at}


def moment(at: datetime | None) -> datetime | None:
    """SQLite forgets the zone."""
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def arm_open_invoices() -> None:
    for row in op.get_bind().execute(sa.select(invoices).where(invoices.c.state == "open")).all():
        due_at = moment(row.due_at)
        assert due_at is not None, "an open invoice was issued"
        for name, days in DEADLINES.items():
            op.get_bind().execute(sa.insert(timers).values(timer(row.reference, name, due_at + timedelta(days=days))))


def timer(reference: str, name: str, due_at: datetime) -> dict[str, Any]:
    """As leaving the state will look for it: known by what it will say."""
    reached = {"flow": "invoice", "instance_id": reference, "about": reference, "deadline": name, "generation": 1}
    body = json.dumps(reached, separators=(",", ":"), ensure_ascii=False)
    timer_id = str(uuid5(MINUET, "\x1f".join(("timer", "saga.deadline-reached.v1", body))))
    headers = {"ce-specversion": "1.0", "ce-id": timer_id, "ce-type": "saga.deadline-reached.v1"}
    headers |= {"ce-source": "/minuet/payment", "ce-subject": reference, "ce-correlationid": reference}
    wakes = "invoice in open" if name == "default" else ""
    return {
        "timer_id": timer_id,
        "subject": reference,
        "name": name,
        "due_at": due_at.astimezone(UTC),
        "wakes": wakes,
        "headers": json.dumps(headers),
        "body": body.encode(),
    }
