"""`minuet topology`: what the contract says, printed and declared."""

import asyncio
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from minuet.cli import app
from tests.bus.transports.strangers import stranger
from tests.servers.rabbitmq import RabbitMQ

SERVICES = ("order", "payment", "inventory", "shipping")
RUNNER = CliRunner()


async def in_a_thread(*words: str) -> Result:
    """It runs an event loop of its own."""
    return await asyncio.to_thread(lambda: RUNNER.invoke(app, words))


@pytest.fixture(scope="module")
def url(private_rabbitmq: RabbitMQ) -> str:
    return private_rabbitmq.virtual_host(f"topology-{uuid4().hex}")


def test_it_prints_what_each_service_needs() -> None:
    """Each exchange once, whoever needs it."""
    printed = RUNNER.invoke(app, ["topology"]).output.splitlines()
    words = [line.split() for line in printed]
    for service in SERVICES:
        assert words.count(["exchange", f"{service}.events", "topic"]) == 1
        assert words.count(["exchange", f"{service}.commands", "direct"]) == 1
        assert words.count(["exchange", f"{service}.dead", "fanout"]) == 1
        assert ["queue", f"{service}.dead", "x-queue-type=quorum"] in words
        [queue] = [line for line in words if line[:2] == ["queue", service]]
        assert "x-delivery-limit=20" in queue
    assert ["binding", "order", "←", "payment.events", "payment.payment-received.v1"] in words
    assert ["binding", "payment", "←", "payment.commands", "payment.retrieve-payment.v1"] in words


async def test_apply_declares_it_and_may_be_repeated(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No service runs, and what is published to it is kept for it."""
    monkeypatch.setenv("MINUET_AMQP_URL", url)
    for _ in range(2):
        done = await in_a_thread("topology", "--apply")
        assert done.exit_code == 0, done.output
    async with stranger(url) as channel:
        for service in SERVICES:
            await channel.get_queue(service)
            await channel.get_queue(f"{service}.dead")
            for exchange in ("events", "commands", "dead"):
                await channel.get_exchange(f"{service}.{exchange}")


@pytest.mark.parametrize(
    ("amqp_url", "sentence"),
    [
        (None, "--apply needs MINUET_AMQP_URL, e.g. amqp://"),
        ("amqp://guest:secret@127.0.0.1:1/", "not declared, check MINUET_AMQP_URL"),
        ("localhost:5672", "MINUET_AMQP_URL must begin with amqp:// or amqps://"),
    ],
)
async def test_what_cannot_be_declared_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, amqp_url: str | None, sentence: str
) -> None:
    monkeypatch.delenv("MINUET_AMQP_URL", raising=False)
    if amqp_url is not None:
        monkeypatch.setenv("MINUET_AMQP_URL", amqp_url)
    done = await in_a_thread("topology", "--apply")
    assert done.exit_code != 0
    assert sentence in done.output
    assert "secret" not in done.output
