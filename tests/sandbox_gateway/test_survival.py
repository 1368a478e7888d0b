"""The gateway's books outlive its process."""

import subprocess
import sys
from pathlib import Path

from bus.database import Database
from tests.sandbox_gateway.words import ask, charge, charged_keys, client_of, ledger, refund

CHARGE_AND_WAIT = """
import asyncio, sys, time
from bus.clock import ManualClock
from bus.database import Database
from sandbox_gateway.books import metadata
from sandbox_gateway.ledger import Ledger
from sandbox_gateway.requests import ChargeRequest, Money
database = Database(sys.argv[1])
metadata.create_all(database.engine)
ledger = Ledger(database)
amount = Money(amount=10000, currency="EUR")
request = ChargeRequest(key="r-1/1/1", reference="r-1", amount=amount, token="tok_ok")
asyncio.run(ledger.charge(request, ManualClock().now()))
print("answered", flush=True)
time.sleep(60)
"""


def charge_and_be_killed(url: str) -> None:
    """In a process of its own, killed as soon as it has its answer."""
    process = subprocess.Popen([sys.executable, "-c", CHARGE_AND_WAIT, url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as out:
        assert out.readline() == "answered\n"
        process.kill()
    process.wait()


async def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/gateway.db"
    charge_and_be_killed(url)
    async with client_of(Database(url)) as client:
        assert await charged_keys(client) == ["r-1/1/1"]
        assert (await charge(client)).json()["status"] == "charged"
        assert await charged_keys(client) == ["r-1/1/1"]


async def test_answers_counts_and_books_survive_a_restart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/gateway.db"
    async with client_of(Database(url)) as client:
        for key, token in (("flaky", "tok_flaky_2"), ("unknown", "tok_unknown_2"), ("no", "tok_declined")):
            await charge(client, key, token)
        await refund(client, charge_key="unknown")
        before = await ledger(client)
    async with client_of(Database(url)) as client:
        assert await ledger(client) == before
        assert (await ask(client, "no")).json()["reason"] == "card declined"
        for key, token, statuses in (("flaky", "tok_flaky_2", [503, 200]), ("unknown", "tok_unknown_2", [504, 200])):
            assert [(await charge(client, key, token)).status_code for _ in statuses] == statuses
        assert await charged_keys(client) == ["flaky", "unknown"]
