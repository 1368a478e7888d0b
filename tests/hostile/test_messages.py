"""Whatever stands in a message's body, the service handles it or keeps it with the reason."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bus.delivery import open_delivery
from bus.errors import NotYet, Poison, Refused
from bus.incoming import Incoming
from bus.transport import Delivery
from minuet import services
from tests.databases import OpenDatabase
from tests.hostile.kept import BODIES, LARGE, VALUES, paths, written
from tests.service_bench import ServiceBench

SAMPLES = Path(__file__).parents[1] / "contracts" / "samples"
SERVICES = {service.name: service for service in services.build(services.NAMES, httpx.AsyncClient())}
BATCH = 200
TRIED = 150  # of each service's, spread evenly: what reaches the database at all is alike from field to field
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(params=SERVICES)
def bench(request: pytest.FixtureRequest, open_database: OpenDatabase) -> ServiceBench:
    return ServiceBench(SERVICES[request.param], open_database)


def heard(bench: ServiceBench) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every message that the service hears, with bodies that are fine."""
    for binding in bench.service.bindings():
        for sample in sorted((SAMPLES / binding.wire_name).glob("*.json")):
            yield binding.wire_name, json.loads(sample.read_bytes())


def arrive(bench: ServiceBench, wire_name: str, body: bytes) -> Incoming:
    headers = {"ce-specversion": "1.0", "ce-id": str(uuid4()), "ce-type": wire_name, "ce-source": "/stranger"}
    return open_delivery(bench.service, Delivery(bench.service.name, headers, body, None))


def are_decided(bench: ServiceBench, works: Iterable[Incoming]) -> bool:
    """Handled, refused or too early: a hostile value is no bug of ours, and each has its cause on record."""
    all_of_them = list(works)
    for start in range(0, len(all_of_them), BATCH):
        bench.note(bench.journey.process(all_of_them[start : start + BATCH]))
    letters = {letter.message_id: letter for letter in bench.dead_letters()}
    for work in all_of_them:
        assert work.done
        if work.error is not None:
            assert isinstance(work.error, Poison | Refused | NotYet), (work.envelope, work.error)
            assert letters[work.envelope.id].cause
    return True


def mutated(bench: ServiceBench) -> Iterator[tuple[str, bytes]]:
    for wire_name, body in heard(bench):
        for number, way in enumerate(paths(body)):
            for value in (VALUES if number else {**VALUES, **LARGE}).values():
                yield wire_name, written(body, way, value)


def some(works: list[Incoming]) -> list[Incoming]:
    return works[:: len(works) // TRIED + 1]


def test_a_hostile_value_is_decided_wherever_it_stands(bench: ServiceBench) -> None:
    """All are read; of those that can be, and of those that cannot, some are carried on to the end."""
    works = [arrive(bench, *message) for message in mutated(bench)]
    reaching = [work for work in works if work.poison is None]
    assert reaching
    assert are_decided(bench, some(reaching) + some([work for work in works if work.poison is not None]))


def test_a_hostile_body_is_parked_at_once(bench: ServiceBench) -> None:
    bodies = {name: body for name, body in BODIES.items() if name != "byte-order-mark"}
    wire_name = bench.service.bindings()[0].wire_name
    works = [arrive(bench, wire_name, body) for body in bodies.values()]
    assert are_decided(bench, works)
    assert all(isinstance(work.error, Poison) for work in works)


@pytest.fixture
def example(bench: ServiceBench) -> Callable[[st.DataObject], tuple[str, bytes]]:
    """One message with anything in one of its fields, and perhaps one field more or less."""
    messages = list(heard(bench))

    def draw(data: st.DataObject) -> tuple[str, bytes]:
        wire_name, body = data.draw(st.sampled_from(messages))
        way = data.draw(st.sampled_from(list(paths(body))))
        value = json.dumps(data.draw(JSON_VALUES)).encode()
        gone = data.draw(st.sampled_from([None, *body]))
        text = written(body, way, value)
        return wire_name, text if gone is None else written({k: v for k, v in body.items() if k != gone}, way, value)

    return draw


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_value_is_decided(
    bench: ServiceBench, example: Callable[[st.DataObject], tuple[str, bytes]], data: st.DataObject
) -> None:
    assert are_decided(bench, [arrive(bench, *example(data)) for _ in range(5)])
