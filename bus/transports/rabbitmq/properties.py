"""An envelope as AMQP properties and headers, and what came back as a delivery."""

import re
from collections.abc import Mapping
from typing import Any

from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from bus.envelope import Envelope
from bus.topology import dead_queue
from bus.transport import Delivery, Origin
from bus.transports.rabbitmq.unreadable_properties import UNREADABLE

PERSISTENT = 2
SHORT_BYTES = 255
HEADERS_BYTES = 100_000  # all of them go into one frame, of 131,072 bytes by default
# The client makes one up for whoever sets none, so that it contradicts nothing: a random UUID, without hyphens.
MADE_UP_ID = re.compile(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}")


def properties_of(envelope: Envelope, user: str | None) -> Basic.Properties:
    """`user` is who we are to the broker; it accepts nobody else.

    Empty attributes are left out, as CloudEvents wants it. Raises ValueError where the broker would hang up.
    """
    headers = {name: value for name, value in envelope.headers().items() if value}
    if sum(len(value.encode()) for value in headers.values()) > HEADERS_BYTES:
        raise ValueError(f"the headers of {envelope.type} {envelope.id} are larger than {HEADERS_BYTES} bytes")
    return Basic.Properties(
        content_type="application/json",
        delivery_mode=PERSISTENT,
        message_id=envelope.id,
        message_type=envelope.type,
        correlation_id=short(envelope.correlation_id),
        user_id=user,
        headers=dict(headers),
    )


def short(text: str) -> str | None:
    """A property is a short string to AMQP; the header says it at any length."""
    return text if text and len(text.encode()) <= SHORT_BYTES else None


def delivery_of(queue: str, message: DeliveredMessage, tag: Any, user: str | None) -> Delivery:
    """The properties go by the names of the headers that they must agree with.

    Whoever logs in as the user that is named after its service knows that permissions are applied: then the broker
    vouches for who published a message, and for the exchange that a routing key came by.
    """
    found = message.header.properties
    said = {
        "ce-id": None if MADE_UP_ID.fullmatch(found.message_id or "") else found.message_id,
        "ce-type": found.message_type,
        "ce-correlationid": found.correlation_id,
        "content-type": found.content_type,
    }
    properties = {name: value for name, value in said.items() if value is not None}
    vouches = user is not None and queue in (user, dead_queue(user))
    origin = Origin(found.user_id or "", message.routing_key or "") if vouches else None
    headers = found.headers or {}
    return Delivery(queue, headers, message.body, tag, properties, flaw_of(headers), origin)


def flaw_of(headers: Mapping[str, object]) -> str:
    why = headers.get(UNREADABLE)
    return "" if why is None else f"properties that cannot be read: {why}"
