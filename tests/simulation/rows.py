"""Hand-made rows in the databases of the simulation."""

import json
from collections.abc import Sequence
from typing import Any

from minuet.simulation.oracle import touched
from minuet.simulation.oracle.books import Books
from minuet.simulation.stage import stage

ORDER = "11111111-1111-4111-8111-111111111111"
Undos = Sequence[tuple[str, int | None, str]]  # what undoes it, its number, its status
AT = "2026-01-01 00:00:00.000000"
LATER = "2026-01-03 00:00:00.000000"


def empty_books() -> Books:
    stage().clear()
    return Books(stage().databases())


def write(books: Books, service: str, table: str, **values: Any) -> None:
    """Columns that are not given are empty."""
    columns = books.rows(service, f"PRAGMA table_info({table})")
    blank = {name: ("" if kind == "TEXT" else AT if "DATE" in kind else 0) for _, name, kind, *_ in columns}
    row = {**blank, **{name: json.dumps(v) if isinstance(v, dict | list) else v for name, v in values.items()}}
    places = ", ".join("?" * len(row))
    books.databases[service].execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", list(row.values()))
    books.forget(service, (key for _, _, key in touched.take(books.databases[service])))


def change(books: Books, service: str, statement: str, values: Sequence[str] = ()) -> None:
    books.databases[service].execute(statement, values)
    books.forget(service, (key for _, _, key in touched.take(books.databases[service])))


def order(
    books: Books, state: str, *, by_invoice: bool = False, steps: int = 0, generation: int = 1, undos: Undos = ()
) -> None:
    data = {"card_token": None if by_invoice else "tok_ok", "total": {"amount": 100, "currency": "EUR"}, "attempt": 1}
    key = {"instance_id": ORDER, "subject": ORDER, "flow": "order"}
    entries = [{"undo": undo, "number": number, "status": status} for undo, number, status in undos]
    counted = {"steps": steps, "generation": generation}
    write(books, "order", "saga_instances", **key, **counted, revision=1, state=state, data=data, undos=entries)


def payment(books: Books, state: str, amount: int = 100) -> None:
    data = {"amount": {"amount": amount, "currency": "EUR"}}
    key = {"instance_id": f"{ORDER}/1", "subject": ORDER, "flow": "payment"}
    write(books, "payment", "saga_instances", **key, revision=1, state=state, data=data, undos=[])


def knows(books: Books, *undos: tuple[str, int | None, str]) -> None:
    entries = [{"undo": undo, "number": number, "status": status} for undo, number, status in undos]
    change(books, "order", "UPDATE saga_instances SET undos = ?", [json.dumps(entries)])


def moved(books: Books, kind: str, amount: int, *, balanced: bool = True, other: str = "card_gateway") -> None:
    posting = {"posting_id": kind, "kind": kind, "reference": ORDER, "currency": "EUR"}
    write(books, "payment", "ledger_entries", **posting, line=1, account=f"held_for:{ORDER}", amount=-amount)
    if balanced:
        write(books, "payment", "ledger_entries", **posting, line=2, account=other, amount=amount)


def invoice(books: Books, state: str) -> None:
    data = {"amount": {"amount": 100, "currency": "EUR"}, "paid": 0}
    key = {"instance_id": ORDER, "subject": ORDER, "flow": "invoice"}
    write(books, "payment", "saga_instances", **key, revision=1, state=state, data=data, undos=[])


def case(books: Books, outcome: str | None) -> None:
    write(books, "payment", "clearing_cases", case_id="c", reference=ORDER, attempt=1, outcome=outcome)


def said(books: Books, service: str, message_id: str, wire_name: str, body: dict[str, Any], cause: str = "") -> None:
    headers = {"ce-type": wire_name, "ce-subject": ORDER, "ce-causationid": cause}
    write(books, service, "outbox", message_id=message_id, headers=headers, body=body)


def charge(books: Books, card: int, amount: int = 100) -> None:
    key = f"{ORDER}/1/{card}"
    write(books, "gateway", "charges", key=key, reference=ORDER, amount=amount, declined=None)


def stock(books: Books, on_hand: int, reserved: int, shipped: int, received: int) -> None:
    write(books, "inventory", "stock", sku="CUP", on_hand=on_hand, reserved=reserved, shipped=shipped)
    write(books, "inventory", "receipts", id="r", sku="CUP", difference=received)


def reservation(books: Books, state: str, quantity: int = 1) -> None:
    write(books, "inventory", "reservations", reference=ORDER, state=state, goods={"CUP": quantity})


def shipment(books: Books, state: str) -> None:
    write(books, "shipping", "shipments", reference=ORDER, state=state, lease_until=None, queued_at=None)


def line(
    books: Books, step: int, before: str, after: str, because: str, *sent: str, message: str, at: str = AT
) -> None:
    key = {"instance_id": ORDER, "flow": "order", "step": step}
    move = {"from_state": before, "to_state": after, "because": because, "sent": list(sent)}
    write(books, "order", "saga_history", **key, **move, message_id=message, at=at)


def deadline(books: Books, name: str, generation: int, due_at: str) -> None:
    body = {"flow": "order", "instance_id": ORDER, "about": ORDER, "deadline": name, "generation": generation}
    write(books, "order", "timers", timer_id=name, subject=ORDER, name=name, due_at=due_at, body=body)
