"""NUL in a message, which PostgreSQL could not store."""

import pytest

from bus.envelope import Envelope, origin
from bus.inbox import Inbox
from bus.incoming import decode
from tests.databases import OpenDatabase
from tests.saga.trip import BookTrip
from tests.saga.trip_service import find, incoming, service
from tests.service_bench import ServiceBench


def named(message_id: str, body: bytes) -> Envelope:
    cause = origin(message_id, sender="test", at="")
    return Envelope(message_id, BookTrip.wire_name, "/test", "", "", "", cause.id, "", body)


@pytest.mark.parametrize("body", [b'{"trip_id": "a\\u0000b"}', b'{"trip_id": "c", "\\u0000": ["\\\\\\u0000"]}'])
def test_nul_parks_the_message_at_once_and_hurts_nobody_else(open_database: OpenDatabase, body: bytes) -> None:
    bench = ServiceBench(service, open_database)
    hostile = decode(service, named("hostile", body), Inbox())
    bench.journey.process([incoming(bench, BookTrip(trip_id="fine"), "innocent"), hostile])
    (letter,) = bench.dead_letters()
    assert (letter.message_id, letter.status, letter.body) == ("hostile", "parked", body)
    assert "NUL" in letter.cause
    assert find(bench, "fine").state == "reserving"


def test_the_text_that_only_looks_like_nul_is_handled(open_database: OpenDatabase) -> None:
    bench = ServiceBench(service, open_database)
    bench.tell(BookTrip(trip_id="\\u0000"))
    assert find(bench, "\\u0000").state == "reserving"
