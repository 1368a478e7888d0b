"""What strangers say to the payment service, and should not: each is a message that no one may act on."""

import json
import struct
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pamqp.commands import Basic

from tests.hostile.doors import Said
from tests.hostile.kept import BODIES

ADDRESS = "payment.cancel-payment.v1"
FINE: dict[str, Any] = {"ce-specversion": "1.0", "ce-id": "bad", "ce-type": ADDRESS, "ce-source": "/stranger"}
BODY = b'{"reference": "forged", "attempt": 1}'
CHARGED = {"reference": "r", "attempt": 1, "call": "c", "charge_key": "k", "card_token": "tok_ok"}

HEADERS: Mapping[str, Mapping[str, str]] = {
    "none": {},
    **{f"no {name}": {k: v for k, v in FINE.items() if k != name} for name in FINE},
    **{f"empty {name}": {**FINE, name: ""} for name in FINE},
    "another version": {**FINE, "ce-specversion": "0.3"},
    "a version like ours": {**FINE, "ce-specversion": "1.0 "},
    "a name twice": {**FINE, "CE-ID": "other"},
    "a long id": {**FINE, "ce-id": "x" * 501},
    "a huge id": {**FINE, "ce-id": "x" * 60_000},
    "NUL": {**FINE, "ce-id": "a\x00b"},
    "NUL in a subject": {**FINE, "ce-subject": "\x00"},
    "a huge trace": {**FINE, "traceparent": "0" * 5000},
    "a stranger's words": {**FINE, "ce-type": "elsewhere.do-it.v1"},
    "another service's words": {**FINE, "ce-type": "order.place-order.v1"},
    "the service's own event": {**FINE, "ce-type": "payment.payment-received.v1"},
    "another version of the words": {**FINE, "ce-type": "payment.cancel-payment.v2"},
    "words in capitals": {**FINE, "ce-type": ADDRESS.upper()},
    "no name at all": {**FINE, "ce-type": "\N{PILE OF POO}"},
    "a path": {**FINE, "ce-type": "../../etc/passwd"},
}

# What came of a call to the gateway, the call itself, a deed of the call centre: the service says it to itself.
WITHIN = (
    "payment.card-charged.v1",
    "payment.card-declined.v1",
    "payment.card-refunded.v1",
    "payment.charge-card.v1",
    "payment.refund-card.v1",
    "payment.take-new-card.v1",
    "payment.money-came.v1",
)

IN_JSON_ONLY: Mapping[str, Mapping[str, str]] = {
    "half a surrogate pair": {**FINE, "ce-id": "\ud800"},
    "half a pair as a name": {**FINE, "ce-type": "\udfff", "\ud800": "\ud800"},
}


class Raw(Basic.Properties):
    """Bytes that no client would write."""

    def __init__(self, flags: int, payload: bytes) -> None:
        super().__init__(message_id="raw", headers={})
        self._bytes = struct.pack(">H", flags) + payload

    def marshal(self) -> bytes:
        return self._bytes


def table(field: bytes) -> bytes:
    return struct.pack(">I", len(field)) + field


def nested(depth: int) -> bytes:
    """A table in a table in a table."""
    inner = table(b"")
    for _ in range(depth):
        inner = table(b"\x01aF" + inner)
    return inner


HEADER_TABLE, MESSAGE_ID, TIMESTAMP = 1 << 13, 1 << 7, 1 << 6

PROPERTIES: Mapping[str, Basic.Properties] = {
    "another id": Basic.Properties(message_id="other", headers=FINE),
    "another type": Basic.Properties(message_type="payment.refund-payment.v1", headers=FINE),
    "another flow": Basic.Properties(correlation_id="other", headers={**FINE, "ce-correlationid": "flow"}),
    "no JSON": Basic.Properties(content_type="application/x-python-pickle", headers=FINE),
    "an empty content type": Basic.Properties(content_type=" ", headers=FINE),
    "an id that is a number": Basic.Properties(headers={**FINE, "ce-id": 7}),
    "a type that is a list": Basic.Properties(headers={**FINE, "ce-type": [ADDRESS]}),
    "a version that is a number": Basic.Properties(headers={**FINE, "ce-specversion": Decimal("1.0")}),
    "a source that is a time": Basic.Properties(headers={**FINE, "ce-source": datetime(2026, 1, 1, tzinfo=UTC)}),
    "everything is nothing": Basic.Properties(headers=dict.fromkeys(FINE)),
    "an id of bytes": Basic.Properties(headers={**FINE, "ce-id": bytearray(b"\xff\xfe")}),
    "headers up to the frame": Basic.Properties(headers={f"h{n}": "x" * 1000 for n in range(100)}),
    "an id that is not UTF-8": Raw(MESSAGE_ID, b"\x02\xff\xfe"),
    "a time after the end of time": Raw(TIMESTAMP, struct.pack(">Q", 2**63)),
    "a name that is not UTF-8": Raw(HEADER_TABLE, table(b"\x02\xff\xfeV")),
    "a header in a time after the end of time": Raw(HEADER_TABLE, table(b"\x01aT" + struct.pack(">Q", 2**63))),
    "deep tables": Raw(HEADER_TABLE, nested(5000)),
}


def said_anywhere() -> Iterator[tuple[str, Said]]:
    for name, headers in HEADERS.items():
        yield name, Said(ADDRESS, headers, BODY)
    for wire_name in WITHIN:
        yield wire_name, Said(ADDRESS, {**FINE, "ce-type": wire_name}, json.dumps(forged(wire_name)).encode())
    for name, body in BODIES.items():
        if name != "byte-order-mark":
            yield name, Said(ADDRESS, {**FINE, "ce-id": name}, body)


def forged(wire_name: str) -> dict[str, Any]:
    """It would be valid, if only it were the service's own."""
    money = {"amount": 1, "currency": "EUR"}
    case = {"case_id": "00000000-0000-0000-0000-000000000007", "author": "a", "reason": "r"}
    return {**CHARGED, **case, "amount": money, "refund_key": "k", "n": wire_name}


def said_in_json() -> Iterator[tuple[str, Said]]:
    for name, headers in IN_JSON_ONLY.items():
        yield name, Said(ADDRESS, headers, BODY)


def said_over_amqp() -> Iterator[tuple[str, Said]]:
    for name, properties in PROPERTIES.items():
        yield name, Said(ADDRESS, {}, BODY + b" " * len(name), properties)
