"""CloudEvents 1.0 in binary mode, as we write it and as we read it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_binary_event
from cloudevents.core.formats.json import JSONFormat

from bus.envelope import Envelope, enclose, origin
from bus.errors import Poison
from tests.bus.counter import Count, Counted, Take

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
TRACE = "0af7651916cd43dd8448eb211c80319c"
HEADERS = {"ce-specversion": "1.0", "ce-id": "1", "ce-type": "counter.count.v1", "ce-source": "/stranger"}
CAUSE = Envelope.parse({**HEADERS, "ce-correlationid": "flow", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}, b"{}")


def say(message: Count | Counted | Take, cause: Envelope = CAUSE, place: int = 1, sender: str = "counter") -> Envelope:
    return enclose(message, sender=sender, at=AT, cause=cause, place=place)


def test_what_is_sent_carries_every_attribute() -> None:
    said = say(Counted(name="a", total=1))
    assert said.headers() == {
        "ce-specversion": "1.0",
        "ce-id": said.id,
        "ce-type": "counter.counted.v1",
        "ce-source": "/minuet/counter",
        "ce-time": "2026-01-01T12:00:00.000000Z",
        "ce-subject": "a",
        "ce-correlationid": "flow",
        "ce-causationid": "1",
        "traceparent": said.traceparent,
    }
    assert said.body == b'{"name":"a","total":1}'


def test_the_reference_implementation_reads_what_is_sent() -> None:
    said = say(Counted(name="a", total=1))
    message = HTTPMessage({**said.headers(), "content-type": "application/json"}, said.body)
    event = from_binary_event(message, JSONFormat())
    assert (event.get_id(), event.get_type(), event.get_source()) == (said.id, said.type, said.source)
    assert (event.get_subject(), event.get_time()) == ("a", AT)
    assert event.get_data() == {"name": "a", "total": 1}
    assert event.get_extension("correlationid") == "flow"


def test_time_is_utc_whatever_the_zone() -> None:
    there = AT.astimezone(timezone(timedelta(hours=5)))
    assert enclose(Count(name="a"), sender="counter", at=there, cause=CAUSE, place=1).time.startswith("2026-01-01T12:")


def test_what_arrives_is_what_was_sent() -> None:
    said = say(Take(name="a"))
    assert said.command
    assert Envelope.parse(said.headers(), said.body, command=True) == said


def test_a_stranger_needs_four_attributes() -> None:
    read = Envelope.parse(HEADERS, b"{}")
    assert (read.id, read.type, read.source) == ("1", "counter.count.v1", "/stranger")
    assert (read.subject, read.correlation_id, read.causation_id, read.traceparent) == ("", "", "", "")


def test_a_strangers_other_headers_are_ignored() -> None:
    """Whatever their type."""
    headers = {
        **HEADERS,
        "x-delivery-count": 3,
        "ce-dataschema": "urn:x",
        "x-death": [{"reason": "expired"}],
        "b": b"1",
    }
    assert Envelope.parse(headers, b"{}") == Envelope.parse(HEADERS, b"{}")


def test_header_names_are_of_either_case() -> None:
    """As CloudEvents' own HTTP binding has them."""
    shouted = {name.upper(): value for name, value in HEADERS.items()}
    assert Envelope.parse(shouted, b"{}") == Envelope.parse(HEADERS, b"{}")


@pytest.mark.parametrize("missing", list(HEADERS))
@pytest.mark.parametrize("instead", ["nothing", "empty", "number"])
def test_a_missing_attribute_is_poison_and_named(missing: str, instead: str) -> None:
    headers: dict[str, object] = {**HEADERS, missing: {"nothing": None, "empty": "", "number": 1}[instead]}
    with pytest.raises(Poison, match=f"not a CloudEvent: {missing} missing"):
        Envelope.parse(headers, b"{}")


def test_another_version_of_cloudevents_is_poison() -> None:
    with pytest.raises(Poison, match=r"0\.3 is not understood"):
        Envelope.parse({**HEADERS, "ce-specversion": "0.3"}, b"{}")


def test_the_same_cause_makes_the_same_ids() -> None:
    """So that a redelivery repeats what was said, and the receiver's inbox absorbs it."""
    assert say(Count(name="a")) == say(Count(name="a"))


def test_a_deliberate_repeat_has_another_cause_and_so_another_id() -> None:
    again = Envelope.parse({**HEADERS, "ce-id": "2"}, b"{}")
    assert say(Count(name="a")).id != say(Count(name="a"), again).id


def test_ids_tell_apart_whatever_one_cause_led_to() -> None:
    """By place, by kind, and by who says it: several services hear one event."""
    ids = {
        say(Count(name="a")).id,
        say(Count(name="a"), place=2).id,
        say(Take(name="a")).id,
        say(Count(name="a"), sender="other").id,
    }
    assert len(ids) == 4


def test_the_flow_begins_with_the_subject() -> None:
    """What nothing correlates yet is correlated by its own business object from now on."""
    first = say(Count(name="a"), origin("request", sender="counter", at=""))
    assert first.correlation_id == "a"
    assert say(Take(name="b"), first).correlation_id == "a"


def test_one_trace_runs_through_what_a_message_causes() -> None:
    """With a span of its own each."""
    first = say(Count(name="a"))
    second = say(Take(name="a"), first)
    assert [each.traceparent.split("-")[1] for each in (first, second)] == [TRACE, TRACE]
    assert len({each.traceparent.split("-")[2] for each in (CAUSE, first, second)}) == 3


@pytest.mark.parametrize("broken", ["", "a-b-c-d", "00-xyz-b7ad6b7169203331-01", f"00-{TRACE}-b7ad6b7169203331"])
def test_a_trace_that_is_none_is_not_continued(broken: str) -> None:
    """The flow then has a trace of its own, the same for all its messages."""
    cause = Envelope.parse({**HEADERS, "ce-correlationid": "flow", "traceparent": broken}, b"{}")
    other = Envelope.parse({**HEADERS, "ce-id": "2", "ce-correlationid": "flow"}, b"{}")
    version, trace, span, flags = say(Count(name="a"), cause).traceparent.split("-")
    assert (version, len(trace), len(span), flags) == ("00", 32, 16, "01")
    assert trace == say(Take(name="a"), other).traceparent.split("-")[1]
