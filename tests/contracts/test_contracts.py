"""What one service writes, every other can read: today, and as it was written before."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bus.message import Command, Message
from tests.contracts.declarations import Pair, declared, pairs, service_of
from tests.contracts.instances import instances

SAMPLES = Path(__file__).parent / "samples"
PAIRS = pairs()
FROZEN = sorted(SAMPLES.glob("*/*.json"))


@pytest.mark.parametrize("pair", PAIRS, ids=str)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_a_writer_can_write_its_reader_can_read(pair: Pair, data: st.DataObject) -> None:
    """Any instance that the writer's class allows is valid to the reader's, as JSON."""
    written = data.draw(instances(pair.writer))
    read = pair.reader.model_validate_json(written.model_dump_json())
    assert read.subject == written.subject


def test_every_message_between_services_has_a_writer_and_a_reader_or_is_for_strangers() -> None:
    """A wire name that only one side knows is misspelt, unless no service need hear it."""
    known = {cls.wire_name for cls in declared() if service_of(cls) == cls.owner}
    misspelt = [f"{cls.__module__}.{cls.__name__}" for cls in declared() if cls.wire_name not in known]
    assert misspelt == []


@pytest.mark.parametrize("cls", [c for c in declared() if service_of(c) == c.owner], ids=lambda c: c.wire_name)
def test_every_message_has_a_frozen_sample(cls: type[Message]) -> None:
    """A sample, once published, is never edited: what was written then must be read for ever."""
    wanted = SAMPLES / cls.wire_name
    assert list(wanted.glob("*.json")), f"add a sample of {cls.__name__} as {wanted}/1.json"


@pytest.mark.parametrize("sample", FROZEN, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_frozen_sample_is_read_by_all_who_read_it(sample: Path) -> None:
    """Events by every neighbour, commands by their owner; what no neighbour hears, by the owner's own class."""
    for reader in readers(sample):
        assert reader.model_validate_json(sample.read_bytes()).subject


@pytest.mark.parametrize("sample", FROZEN, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_later_writer_may_add_fields_anywhere(sample: Path) -> None:
    """A reader of today understands what version N+1 will write: it reads the same as without the new fields."""
    body = json.loads(sample.read_bytes())
    for reader in readers(sample):
        assert reader.model_validate_json(json.dumps(with_news(body))) == reader.model_validate(body)


def readers(sample: Path) -> list[type[Message]]:
    known = [cls for cls in declared() if cls.wire_name == sample.parent.name]
    assert known, f"nobody declares {sample.parent.name}: a published message is withdrawn with a new version only"
    return [cls for cls in known if issubclass(cls, Command) == (service_of(cls) == cls.owner)] or known


def with_news(value: Any) -> Any:
    if isinstance(value, dict):
        return {**{name: with_news(field) for name, field in value.items()}, "added_later": {"by": ["N+1"]}}
    return [with_news(each) for each in value] if isinstance(value, list) else value
