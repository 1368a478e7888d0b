"""A copy of every service's database in one place, so that one query can ask them all."""

import json
import re
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql

SCHEMAS = {"order": "orders"}  # `order` means something else in SQL

# What is asked of parcels and charges implies what is to be found elsewhere: those that imply are read first.
SEQUENCE = ("shipping", "gateway", "payment", "inventory", "order")

VIEWS = """
CREATE TEMP VIEW flow AS
SELECT subject AS reference, state, substr(state || '/', 1, instr(state || '/', '/') - 1) AS name, generation, steps,
       json_extract(data, '$.total.amount') AS total, json_extract(data, '$.card_token') IS NULL AS by_invoice,
       json_extract(data, '$.reason') AS reason, undos
FROM orders.saga_instances;

CREATE TEMP VIEW instances AS
SELECT 'order' AS service, * FROM orders.saga_instances UNION ALL SELECT 'payment', * FROM payment.saga_instances;
CREATE TEMP VIEW history AS
SELECT 'order' AS service, * FROM orders.saga_history UNION ALL SELECT 'payment', * FROM payment.saga_history;

CREATE TEMP VIEW money AS
SELECT reference,
       sum(CASE WHEN kind IN ('charged', 'credit_used', 'invoice_paid') THEN abs(amount) ELSE 0 END) AS received,
       sum(CASE WHEN kind IN ('refunded_card', 'refunded_credit') THEN abs(amount) ELSE 0 END) AS refunded,
       sum(CASE kind WHEN 'charged' THEN abs(amount) WHEN 'refunded_card' THEN -abs(amount) ELSE 0 END) AS on_card
FROM payment.ledger_entries WHERE account LIKE 'held_for:%' GROUP BY reference;
CREATE TEMP VIEW asked AS
SELECT subject AS reference, sum(json_extract(data, '$.amount.amount')) AS amount
FROM payment.saga_instances GROUP BY subject;
CREATE TEMP VIEW at_gateway AS
SELECT reference, sum(amount) AS amount FROM (
    SELECT reference, amount FROM gateway.charges WHERE declined IS NULL
    UNION ALL SELECT reference, -amount FROM gateway.refunds
) GROUP BY reference;
"""
EVERYWHERE = {
    "noted_sayings": "said",
    "inbox": "heard",
    "dead_letters": "letters",
    "timers": "timers",
    "noted_timers": "noted_timers",
    "outbox": "unsaid",
    "effects": "undone",
    "operator_actions": "actions",
}
TALKING = ("order", "payment", "inventory", "shipping")


def copied(databases: Mapping[str, str]) -> sqlite3.Connection:
    """`databases`: their URLs, by service. Each is read in one snapshot."""
    books = sqlite3.connect(":memory:")
    books.create_function("kebab", 1, kebab, deterministic=True)
    for service in SEQUENCE:
        books.execute(f"ATTACH ':memory:' AS {schema_of(service)}")
        with psycopg.connect(databases[service]) as source:
            source.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            for table in tables_of(source):
                copy(source, table, books, f"{schema_of(service)}.{table}")
    books.executescript(VIEWS)
    for table, view in EVERYWHERE.items():
        each = (f"SELECT '{service}' AS service, * FROM {schema_of(service)}.{table}" for service in TALKING)
        books.execute(f"CREATE TEMP VIEW {view} AS {' UNION ALL '.join(each)}")
    return books


def schema_of(service: str) -> str:
    return SCHEMAS.get(service, service)


def tables_of(source: psycopg.Connection) -> list[str]:
    rows = source.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'alembic%'"
    )
    return [name for (name,) in rows]


def copy(source: psycopg.Connection, table: str, books: sqlite3.Connection, target: str) -> None:
    rows = source.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
    columns = [column.name for column in rows.description or ()]
    quoted = ", ".join(f'"{column}"' for column in columns)
    books.execute(f"CREATE TABLE {target} ({quoted})")
    places = ", ".join("?" * len(columns))
    books.executemany(f"INSERT INTO {target} VALUES ({places})", ([plain(value) for value in row] for row in rows))


def plain(value: Any) -> Any:
    """As SQLite keeps it: JSON and times as text that compares as they do."""
    match value:
        case dict() | list():
            return json.dumps(value)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case bytes():
            return value.decode()
    return value


def kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def note(books: sqlite3.Connection, table: str, columns: str, rows: Iterable[tuple[str, ...]]) -> None:
    """What no database says: what customers were told, and who hears what."""
    books.execute(f"CREATE TEMP TABLE {table} ({columns})")
    places = ", ".join("?" * len(columns.split(",")))
    books.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
