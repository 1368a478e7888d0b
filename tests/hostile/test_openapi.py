"""Whatever the services' own documents allow, and what they do not, over a real socket: never an error of ours."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, cast

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from tests.hostile.answers import is_fit
from tests.system.running import Running, running

BOTH = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("served")) as system:
        yield system


def operations(served: Running, document: str) -> Iterator[Any]:
    schema = schemathesis.openapi.from_url(f"{served.url}{document}")
    yield from (result.ok() for result in cast(Any, schema).get_all_operations())


@pytest.mark.parametrize("document", ["/openapi.json", "/gateway/openapi.json"])
def test_no_request_that_can_be_made_up_is_an_error_of_ours(served: Running, document: str) -> None:
    tried = 0
    for operation in operations(served, document):
        for mode in BOTH:
            tried += try_it(served, operation, mode)
    assert tried > 10
    assert served.client.get("/readyz").is_success
    assert "Traceback" not in served.log()


def try_it(served: Running, operation: Any, mode: GenerationMode) -> int:
    tried = 0

    @settings(
        max_examples=3,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        nonlocal tried
        tried += 1
        answer = case.call(base_url=served.url)
        headers = [(name, value) for name, values in answer.headers.items() for value in values]
        asked = repr((case.path_parameters, case.query, case.headers, case.body))
        assert is_fit(httpx.Response(answer.status_code, headers=headers, content=answer.content), asked)

    with suppress(Unsatisfiable):  # what takes nothing cannot be given anything wrong
        send()
    return tried
