"""Old messages that are sent again: dropped while they are known, and later answered without doing anything twice."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from bus import inbox
from bus.message import Command
from bus.service import Service
from minuet import services
from tests.databases import OpenDatabase
from tests.service_bench import ServiceBench

SAMPLES = Path(__file__).parents[1] / "contracts" / "samples"
SERVICES = {service.name: service for service in services.build(services.NAMES, httpx.AsyncClient())}


def commands(service: Service) -> list[Command]:
    wanted = [binding.wire_name for binding in service.bindings() if binding.command]
    samples = [(name, path.read_bytes()) for name in wanted for path in sorted((SAMPLES / name).glob("*.json"))]
    made = [service.message_class(name).model_validate(json.loads(body)) for name, body in samples]
    return [message for message in made if isinstance(message, Command)]


@pytest.fixture(params=SERVICES)
def bench(request: pytest.FixtureRequest, open_database: OpenDatabase) -> ServiceBench:
    return ServiceBench(SERVICES[request.param], open_database)


def test_a_replay_is_dropped_while_the_inbox_knows_it(bench: ServiceBench) -> None:
    for message in commands(bench.service):
        message_id = str(uuid4())
        bench.tell(message, message_id=message_id)
        bench.clock.advance(timedelta(days=29))
        bench.call(lambda context: inbox.prune(context.unit))
        before = len(bench.effects)
        assert bench.tell(message, message_id=message_id) == []
        assert len(bench.effects) == before


def test_a_replay_of_what_the_inbox_has_forgotten_does_nothing_twice(bench: ServiceBench) -> None:
    """Everything is decided once by its own key: the outside world is asked for nothing again."""
    for message in commands(bench.service):
        message_id = str(uuid4())
        bench.tell(message, message_id=message_id)
        bench.clock.advance(timedelta(days=31))
        bench.call(lambda context: inbox.prune(context.unit))
        before = len(bench.effects)
        bench.tell(message, message_id=message_id)
        assert len(bench.effects) == before
    assert bench.effects or not bench.service.performers
