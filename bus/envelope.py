"""The envelope: CloudEvents 1.0 attributes around a JSON body, in binary mode."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bus.errors import Poison
from bus.ids import derived
from bus.message import Command, Message
from bus.storable import is_storable

TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
REQUIRED = ("ce-specversion", "ce-id", "ce-type", "ce-source")
LONGEST_TEXT = 500  # ids are keys in every database


@dataclass(frozen=True, slots=True)
class Envelope:
    id: str
    type: str  # the wire name
    source: str  # "/minuet/<service>"
    time: str  # RFC 3339, UTC
    subject: str
    correlation_id: str  # the flow's id
    causation_id: str  # the message that caused this one
    traceparent: str  # W3C Trace Context
    body: bytes  # JSON
    command: bool = False  # not on the wire: a command must find its queue, an event need not

    def headers(self) -> dict[str, str]:
        return {
            "ce-specversion": "1.0",
            "ce-id": self.id,
            "ce-type": self.type,
            "ce-source": self.source,
            "ce-time": self.time,
            "ce-subject": self.subject,
            "ce-correlationid": self.correlation_id,
            "ce-causationid": self.causation_id,
            "traceparent": self.traceparent,
        }

    @classmethod
    def parse(cls, headers: Mapping[str, object], body: bytes, command: bool = False) -> "Envelope":
        """What arrived, whoever sent it. Raises Poison if a required attribute is missing or makes no sense."""
        text = {name.lower(): value for name, value in headers.items() if isinstance(value, str)}
        missing = [name for name in REQUIRED if not text.get(name)]
        if missing:
            raise Poison(f"not a CloudEvent: {', '.join(missing)} missing")
        if text["ce-specversion"] != "1.0":
            raise Poison(f"CloudEvents version {text['ce-specversion']} is not understood, only 1.0")
        envelope = cls._of(text, body, command)
        unfit = [name for name, value in envelope.headers().items() if not is_storable(value, LONGEST_TEXT)]
        if unfit:
            wrong = f"longer than {LONGEST_TEXT} characters, or with some that cannot be stored"
            raise Poison(f"not a CloudEvent that can be kept: {', '.join(unfit)} {wrong}")
        return envelope

    @classmethod
    def _of(cls, text: Mapping[str, str], body: bytes, command: bool) -> "Envelope":
        return cls(
            id=text["ce-id"],
            type=text["ce-type"],
            source=text["ce-source"],
            time=text.get("ce-time", ""),
            subject=text.get("ce-subject", ""),
            correlation_id=text.get("ce-correlationid", ""),
            causation_id=text.get("ce-causationid", ""),
            traceparent=text.get("traceparent", ""),
            body=body,
            command=command,
        )

    def to_row(self) -> dict[str, object]:
        """As it is stored; the read side is `from_row`."""
        return {"headers": json.dumps(self.headers()), "body": self.body}

    @classmethod
    def from_row(cls, row: Any) -> "Envelope":
        return cls._of(json.loads(row.headers), row.body, getattr(row, "command", False))


def enclose(message: Message, *, sender: str, at: datetime, cause: Envelope, place: object) -> Envelope:
    """The envelope for what `sender` says because of `cause`; `place` tells apart what one cause led to."""
    message_id = str(derived(cause.id, sender, place, message.wire_name))
    return Envelope(
        id=message_id,
        type=message.wire_name,
        source=f"/minuet/{sender}",
        time=rfc3339(at),
        subject=message.subject,
        correlation_id=cause.correlation_id or message.subject,
        causation_id=cause.id,
        traceparent=child_of(cause.traceparent, cause.correlation_id or message.subject, message_id),
        body=message.model_dump_json().encode(),
        command=isinstance(message, Command),
    )


def origin(message_id: str, *, sender: str, at: str) -> Envelope:
    """A cause that no message was: an HTTP request, a command line."""
    return Envelope(
        id=message_id,
        type=f"{sender}.request",
        source=f"/minuet/{sender}",
        time=at,
        subject="",
        correlation_id="",
        causation_id="",
        traceparent="",
        body=b"{}",
    )


def rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def child_of(parent: str, flow: str, message_id: str) -> str:
    """A `traceparent` in the same trace as `parent`, or in the flow's own trace if there is none."""
    known = TRACEPARENT.fullmatch(parent)
    trace = known[1] if known else hashlib.sha256(flow.encode()).hexdigest()[:32]
    span = hashlib.sha256(message_id.encode()).hexdigest()[:16]
    return f"00-{trace}-{span}-01"
