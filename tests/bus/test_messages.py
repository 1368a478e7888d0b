"""Typed messages and their wire names."""

import pytest
from pydantic import ValidationError

from bus.message import Command, Event, kebab_case
from tests.bus.counter import Count, Counted, Take


@pytest.mark.parametrize(
    ("class_name", "kebab"),
    [
        ("PaymentReceived", "payment-received"),
        ("Count", "count"),
        ("PaymentInClearing", "payment-in-clearing"),
        ("Retry2Times", "retry2-times"),
    ],
)
def test_a_class_name_becomes_kebab_case(class_name: str, kebab: str) -> None:
    assert kebab_case(class_name) == kebab


def test_the_wire_name_is_owner_name_and_version() -> None:
    """It is all that services share."""
    assert Count.wire_name == "counter.count.v1"
    assert Take.wire_name == "elsewhere.take.v1"


def test_class_keywords_are_inherited() -> None:
    """So that a service states them once."""

    class Spoken(Event, owner="counter", key="name", version=2):
        name: str

    class Whispered(Spoken):
        pass

    assert Whispered.wire_name == "counter.whispered.v2"
    assert Whispered(name="a").subject == "a"


def test_a_later_version_is_another_message() -> None:
    class Counted(Event, owner="counter", key="name", version=2):
        name: str

    assert Counted.wire_name == "counter.counted.v2"


def test_the_subject_is_the_key_as_text() -> None:
    class Numbered(Command, owner="counter", key="number"):
        number: int

    assert Count(name="a").subject == "a"
    assert Numbered(number=7).subject == "7"


def test_unknown_fields_are_ignored() -> None:
    """A writer may add some without asking its readers."""
    read = Counted.model_validate_json('{"name": "a", "total": 1, "colour": "red", "nested": {"x": []}}')
    assert read == Counted(name="a", total=1)


def test_a_missing_field_is_an_error() -> None:
    with pytest.raises(ValidationError, match="total"):
        Counted.model_validate_json('{"name": "a"}')


def test_a_message_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Count(name="a").__setattr__("name", "b")
