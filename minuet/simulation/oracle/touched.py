"""Which rows a transaction wrote: noted by the database itself, and rolled back with it."""

import sqlite3

KEYS = {  # of every table that the oracle knows: what its rows are about
    "saga_instances": "instance_id",
    "saga_history": "instance_id",
    "timers": "timer_id",
    "inbox": "message_id",
    "outbox": "message_id",
    "dead_letters": "message_id",
    "effects": "effect_id",
    "operator_actions": "action_id",
    "ledger_entries": "reference",
    "invoice_payments": "reference",
    "credits": "customer_id",
    "catalogue": "sku",
    "clearing_cases": "reference",
    "stock": "sku",
    "receipts": "sku",
    "reservations": "reference",
    "shipments": "reference",
    "charges": "reference",
    "refunds": "reference",
}
TRIGGER = """
CREATE TEMP TRIGGER {table}_{event} AFTER {event} ON main.{table}
BEGIN INSERT INTO touched VALUES ('{table}', '{event}', {row}.{key}); END
"""

Touched = tuple[str, str, str]  # table, event, key


def watch(connection: sqlite3.Connection) -> None:
    """From now on, what is written is noted in a temporary table."""
    connection.execute("CREATE TEMP TABLE touched (name TEXT, event TEXT, key TEXT)")
    names = {name for (name,) in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")}
    for table in KEYS:
        if table in names:
            for event in ("INSERT", "UPDATE", "DELETE"):
                row = "OLD" if event == "DELETE" else "NEW"
                connection.execute(TRIGGER.format(table=table, event=event, row=row, key=KEYS[table]))


def take(connection: sqlite3.Connection) -> list[Touched]:
    """What was written since it was last asked, each once, in sequence."""
    rows = connection.execute("SELECT name, event, key FROM temp.touched").fetchall()
    if rows:
        connection.execute("DELETE FROM temp.touched")
    return list(dict.fromkeys(rows))
