"""Interoperability: plain aio-pika on either side, the CloudEvents SDK, and what hostile strangers send."""

import json
import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_binary_event, to_binary_event
from cloudevents.core.v1.event import CloudEvent
from pamqp.commands import Basic

from bus.delivery import open_delivery
from bus.transport import Delivery
from bus.transports.rabbitmq import RabbitTransport
from tests.bus.transports.strangers import publish, stranger, take
from tests.bus.transports.words import Words, receive
from tests.operators.fragile import Fragile
from tests.servers.rabbitmq import Broker

HEADERS = {"ce-specversion": "1.0", "ce-id": "1", "ce-type": "fragile.mark.v1", "ce-source": "/stranger"}
BODY = json.dumps({"name": "tea", "unknown": {"field": [1]}}).encode()


@pytest.fixture
def words() -> Words:
    return Words()


@pytest.fixture
async def transport(rabbitmq: Broker, words: Words) -> AsyncIterator[RabbitTransport]:
    made = RabbitTransport(rabbitmq.url)
    await made.declare(words.owner, [words.command(), words.event()])
    yield made
    await made.close()


async def told_by_a_stranger(transport: RabbitTransport, broker: Broker, words: Words, **said: Any) -> Delivery:
    async with stranger(broker.url) as channel:
        await publish(channel, f"{words.owner}.commands", words.command().wire_name, BODY, **said)
    [delivery] = await receive(transport, words.owner, 1)
    return delivery


async def test_what_we_send_is_what_is_written_down(transport: RabbitTransport, rabbitmq: Broker, words: Words) -> None:
    """Every property and header that others rely on; attributes that are empty are not sent."""
    sent = words.envelope(words.event())
    await transport.publish([sent])
    async with stranger(rabbitmq.url) as channel:
        message = await take(channel, words.owner)
    assert (message.content_type, message.message_id, message.type) == ("application/json", sent.id, sent.type)
    assert (message.correlation_id, message.delivery_mode) == (sent.correlation_id, 2)
    assert (message.exchange, message.routing_key) == (f"{words.owner}.events", sent.type)
    assert {name: value for name, value in message.headers.items() if name != "x-delivery-count"} == sent.headers()
    assert message.body == sent.body


async def test_the_cloudevents_sdk_reads_what_we_send(
    transport: RabbitTransport, rabbitmq: Broker, words: Words
) -> None:
    """In binary mode, by its own binding for RabbitMQ."""
    sent = words.envelope(words.event(), 7)
    await transport.publish([sent])
    async with stranger(rabbitmq.url) as channel:
        message = await take(channel, words.owner)
    event = from_binary_event(
        RabbitMQMessage({k: str(v) for k, v in message.headers.items()}, message.content_type, message.body)
    )
    assert (event.get_id(), event.get_type(), event.get_source()) == (sent.id, sent.type, sent.source)
    assert (event.get_subject(), event.get_time()) == (sent.subject, datetime(2026, 1, 1, tzinfo=UTC))
    assert event.get_extension("correlationid") == sent.correlation_id
    assert event.get_data() == {"number": 7}


async def test_we_read_what_the_cloudevents_sdk_sends(
    transport: RabbitTransport, rabbitmq: Broker, words: Words
) -> None:
    attributes = {"type": "fragile.mark.v1", "source": "/sdk", "datacontenttype": "application/json"}
    event = to_binary_event(CloudEvent(attributes, {"name": "tea"}))
    async with stranger(rabbitmq.url) as channel:
        said = {"headers": event.headers, "content_type": event.content_type}
        await publish(channel, f"{words.owner}.commands", words.command().wire_name, event.body, **said)
    [delivery] = await receive(transport, words.owner, 1)
    incoming = open_delivery(Fragile().service(), delivery)
    assert incoming.poison is None
    assert incoming.envelope.id == event.headers["ce-id"]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"message_id": "1", "type": "fragile.mark.v1", "content_type": "application/json", "app_id": "theirs"},
        {"content_encoding": "utf-8", "priority": 3, "user_id": "guest", "timestamp": 1_700_000_000, "reply_to": "x"},
    ],
)
async def test_a_stranger_needs_four_headers_and_may_say_more(
    transport: RabbitTransport, rabbitmq: Broker, words: Words, said: dict[str, Any]
) -> None:
    """Headers of any type, and fields that nobody knows; a client that makes up an id for AMQP is no contradiction."""
    strange = {
        "n": 1,
        "f": 1.5,
        "none": None,
        "list": [1, {"a": bytearray(b"b")}],
        "at": datetime(2026, 1, 1, tzinfo=UTC),
        "d": Decimal("1.5"),
    }
    delivery = await told_by_a_stranger(transport, rabbitmq, words, headers={**HEADERS, **strange}, **said)
    incoming = open_delivery(Fragile().service(), delivery)
    assert incoming.poison is None
    assert incoming.envelope.id == "1"


@pytest.mark.parametrize(
    "said",
    [
        {"message_id": "2"},
        {"type": "fragile.other.v1"},
        {"content_type": "text/plain"},
        {"correlation_id": "other", "headers": {**HEADERS, "ce-correlationid": "flow"}},
        {"headers": {**HEADERS, "ce-id": 1}},
        {"headers": {}},
    ],
)
async def test_what_contradicts_itself_or_is_no_cloudevent_is_poison(
    transport: RabbitTransport, rabbitmq: Broker, words: Words, said: dict[str, Any]
) -> None:
    delivery = await told_by_a_stranger(transport, rabbitmq, words, **{"headers": HEADERS, **said})
    assert open_delivery(Fragile().service(), delivery).poison is not None


class Raw(Basic.Properties):
    """Bytes that no client would write."""

    def __init__(self, flags: int, payload: bytes) -> None:
        super().__init__(message_id="raw")
        self._bytes = struct.pack(">H", flags) + payload

    def marshal(self) -> bytes:
        return self._bytes


def table(field: bytes) -> bytes:
    return struct.pack(">I", len(field)) + field


@pytest.mark.parametrize(
    "properties",
    [
        Raw(1 << 7, b"\x02\xff\xfe"),  # a message id that is not UTF-8
        Raw(1 << 6, struct.pack(">Q", 2**63)),  # a time after the end of time
        Raw(1 << 13, table(b"\x02\xff\xfeV")),  # a header whose name is not UTF-8
        Raw(1 << 13, table(b"\x01aT" + struct.pack(">Q", 2**63))),
    ],
)
async def test_properties_that_cannot_be_read_are_poison_and_end_no_connection(
    transport: RabbitTransport, rabbitmq: Broker, words: Words, properties: Raw
) -> None:
    """The client would hang up, at every delivery again; so would it lose everything else that is in hand."""
    await transport.publish([words.envelope(words.command(), 1)])
    async with stranger(rabbitmq.url) as channel:
        underlay = await channel.get_underlay_channel()
        exchange, wire_name = f"{words.owner}.commands", words.command().wire_name
        await underlay.basic_publish(BODY, exchange=exchange, routing_key=wire_name, properties=properties)
    await transport.publish([words.envelope(words.command(), 2)])
    before, poison, after = await receive(transport, words.owner, 3)
    assert [json.loads(delivery.body) for delivery in (before, after)] == [{"number": 1}, {"number": 2}]
    assert str(open_delivery(Fragile().service(), poison).poison).startswith("properties that cannot be read")
    await transport.ack([before, poison, after])
