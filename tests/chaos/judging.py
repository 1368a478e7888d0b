"""What the oracle says of a house, and what is not finished in it."""

import sqlite3
import time
from collections.abc import Sequence

import psycopg

from tests.chaos.house import House
from tests.chaos.oracle import tables
from tests.chaos.oracle.always import ALWAYS
from tests.chaos.oracle.at_rest import AT_REST
from tests.chaos.oracle.books import copied, note
from tests.chaos.oracle.invariant import Invariant, violations
from tests.chaos.oracle.planted import missed
from tests.system.cluster import SERVICES

POLL_SECONDS = 1.0
EVERYTHING: Sequence[Invariant] = (*ALWAYS, *AT_REST)
LEFT = {
    "messages in the outbox": "SELECT count(*) FROM outbox",
    "effects": "SELECT count(*) FROM effects",
    "dead letters to be tried": "SELECT count(*) FROM dead_letters WHERE status = 'retrying'",
}
ORDERS = {
    "orders under way": """
        SELECT count(*) FROM saga_instances
        WHERE state NOT IN ('completed', 'cancelled', 'closed') AND state NOT LIKE 'needs_attention%'
    """
}


def judge_in_between(here: House) -> None:
    assert violations(books_of(here), ALWAYS) == []


def judge_in_the_end(here: House, accepted: Sequence[str]) -> None:
    """With errors planted in a copy, which must be found: only then is it believed that there are no others."""
    books = books_of(here)
    note(books, "accepted", "order_id", ((order_id,) for order_id in accepted))
    note(books, "bindings", "wire_name, service", here.bindings())
    note(books, "queues", "name, messages", here.queues())
    assert violations(books, EVERYTHING) == []
    assert missed(books, EVERYTHING) == []


def books_of(here: House) -> sqlite3.Connection:
    books = copied(here.databases())
    note(books, "moves", "flow, from_state, because, to_state", tables.moves())
    note(books, "starts", "flow, start", tables.starts())
    return books


def wait_for_rest(here: House, seconds: float) -> None:
    give_up = time.monotonic() + seconds
    while unfinished := left(here):
        assert time.monotonic() < give_up, f"left after {seconds} s: {unfinished}; orders: {here.cluster.states()}"
        time.sleep(POLL_SECONDS)


def left(here: House) -> dict[str, int]:
    """What is not finished, and how many of it."""
    found = {f"messages in {name}": int(messages) for name, messages in here.queues()}
    for service in SERVICES:
        asked = {**LEFT, **ORDERS} if service == "order" else LEFT
        with psycopg.connect(here.databases()[service]) as connection:
            for name, query in asked.items():
                found[f"{service}: {name}"] = (connection.execute(query.encode()).fetchone() or (0,))[0]
    return {name: number for name, number in found.items() if number}
