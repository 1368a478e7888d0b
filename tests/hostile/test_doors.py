"""Whichever way a hostile message comes, it is parked with its cause, and the good one after it is handled."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from bus import operator_view, redriving
from bus.activity import Activity
from bus.audit import Instruction
from bus.clock import ManualClock
from bus.database import Database
from bus.dead_letters import DeadLetters
from bus.host import Host
from bus.incoming import decode
from minuet import services
from tests.databases import OpenDatabase
from tests.hostile.doors import Door, Said, by_memory, by_rabbitmq, by_sql
from tests.hostile.strangers import ADDRESS, FINE, said_anywhere, said_in_json, said_over_amqp
from tests.servers.rabbitmq import RabbitMQ

PATIENCE_SECONDS = 30.0
SERVICE = services.build(["payment"], httpx.AsyncClient())[0]
TABLES = SERVICE.tables
ANN = Instruction(author="ann", reason="let us see")


@dataclass
class Open:
    """The payment service behind a door."""

    door: Door
    host: Host
    hostile: list[Said]

    @property
    def database(self) -> Database:
        return self.host.database

    def letters(self) -> list[dict[str, Any]]:
        with self.database.snapshot() as connection:
            ids = connection.execute(sa.select(TABLES.dead_letters.c.letter_id)).scalars().all()
            return [operator_view.one_letter(connection, SERVICE, letter_id) for letter_id in ids]

    def handled(self) -> set[str]:
        with self.database.snapshot() as connection:
            return set(connection.execute(sa.select(TABLES.inbox.c.message_id)).scalars())

    async def until_handled(self, ids: Iterable[str]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not self.handled().issuperset(ids):  # noqa: ASYNC110  (it comes to pass in a database)
                await asyncio.sleep(0.02)


def good(message_id: str) -> Said:
    return Said(ADDRESS, {**FINE, "ce-id": message_id}, json.dumps({"reference": message_id}).encode())


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[OpenDatabase]:
    """In a file, as others read while the service writes."""
    database = Database(f"sqlite:///{tmp_path}/payment.db")

    def opened(metadata: sa.MetaData) -> Database:
        metadata.create_all(database.engine)
        return database

    yield opened
    database.close()


@pytest.fixture(params=["memory, SQLite", "memory, PostgreSQL", "sql, SQLite", "RabbitMQ, PostgreSQL"])
async def behind(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    way, database = request.param.split(", ")
    opened = request.getfixturevalue(f"on_{database.lower()}")(SERVICE.metadata)
    hostile = [*said_anywhere(), *(said_over_amqp() if way == "RabbitMQ" else said_in_json())]
    async with door_of(way, request, tmp_path) as door:
        clock = ManualClock()
        host = Host(SERVICE, opened, door.transport, clock, uuid4, Activity())
        await host.declare()
        await host.start()
        yield Open(door, host, [said for _, said in hostile])
        await host.stop()


def door_of(way: str, request: pytest.FixtureRequest, folder: Path) -> AbstractAsyncContextManager[Door]:
    if way == "RabbitMQ":
        broker: RabbitMQ = request.getfixturevalue("private_rabbitmq")
        return by_rabbitmq(broker.virtual_host(f"hostile-{uuid4().hex}"))
    return by_sql(folder) if way == "sql" else by_memory()


async def test_each_is_parked_with_its_cause_and_the_queue_goes_on(behind: Open) -> None:
    """A good message after each bad one is handled, and no bad one is; nothing is lost, and nothing was said."""
    ids = [f"good-{number}" for number in range(len(behind.hostile))]
    for said, message_id in zip(behind.hostile, ids, strict=True):
        await behind.door.say(said)
        await behind.door.say(good(message_id))
    await behind.until_handled(ids)
    assert behind.handled() == set(ids)
    letters = behind.letters()
    assert len(letters) == len(behind.hostile)
    for letter in letters:
        assert (letter["status"], letter["attempts"]) == ("parked", 1)
        assert 5 < len(letter["cause"]) <= 2000
        assert len(json.dumps(letter, ensure_ascii=False).encode()) < 3_000_000
        assert "minuet-refused" not in letter["headers"]


async def test_a_redrive_comes_to_the_same_verdict(behind: Open) -> None:
    """What was refused at the door gets in by no other."""
    for said in behind.hostile:
        await behind.door.say(said)
    await behind.door.say(good("last"))
    await behind.until_handled(["last"])
    before = behind.letters()
    for letter in before:
        await redriven(behind.host, letter["id"])
    after = behind.letters()
    assert behind.handled() == {"last"}
    assert verdicts(after) == verdicts(before)
    assert all(letter["attempts"] >= 2 for letter in after)


async def redriven(host: Host, letter_id: str) -> None:
    message = await host.writer.call(lambda context: redriving.redrive(context, letter_id, ANN))
    await host.writer.do([decode(SERVICE, message, DeadLetters())])


def verdicts(letters: Iterable[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {(letter["id"], letter["status"], letter["cause"]) for letter in letters}


async def test_a_message_that_comes_again_and_again_is_handled_once(behind: Open) -> None:
    for _ in range(5):
        await behind.door.say(good("one"))
    await behind.door.say(good("last"))
    await behind.until_handled(["one", "last"])
    assert behind.letters() == []
