"""A transport's own properties must not contradict a message's headers."""

import pytest

from bus.delivery import open_delivery
from bus.transport import Delivery
from tests.operators.fragile import Fragile

SERVICE = Fragile().service()
HEADERS = {
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-type": "fragile.mark.v1",
    "ce-source": "/stranger",
    "ce-correlationid": "flow",
}
SAME = {"ce-id": "1", "ce-type": "fragile.mark.v1", "ce-correlationid": "flow", "content-type": "application/json"}


def delivery(**properties: str) -> Delivery:
    return Delivery(
        "fragile", HEADERS, b'{"name": "tea"}', None, {k.replace("_", "-"): v for k, v in properties.items()}
    )


@pytest.mark.parametrize(
    "properties",
    [{}, *({name: value} for name, value in SAME.items()), SAME, {"content-type": "Application/JSON; charset=utf-8"}],
)
def test_properties_that_agree_or_are_not_there_are_fine(properties: dict[str, str]) -> None:
    assert open_delivery(SERVICE, delivery(**properties)).poison is None


def test_a_property_whose_header_is_not_there_contradicts_nothing() -> None:
    headers = {name: value for name, value in HEADERS.items() if name != "ce-correlationid"}
    lone = Delivery("fragile", headers, b'{"name": "tea"}', None, {"ce-correlationid": "flow"})
    assert open_delivery(SERVICE, lone).poison is None


@pytest.mark.parametrize("name", ["ce-id", "ce-type", "ce-correlationid"])
def test_a_property_that_says_otherwise_parks_the_message(name: str) -> None:
    """The letter is not known by an id that somebody else may have: neither of the two is believed."""
    found = open_delivery(SERVICE, delivery(**{name: "other"}))
    assert str(found.poison) == f"the message's property says 'other', its header {name} says {HEADERS[name]!r}"
    assert found.envelope.id not in ("1", "other")


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/cloudevents+json"])
def test_what_is_not_json_by_its_own_words_is_parked(content_type: str) -> None:
    found = open_delivery(SERVICE, delivery(**{"content-type": content_type}))
    assert str(found.poison) == f"content type {content_type!r} is not understood, only application/json"
