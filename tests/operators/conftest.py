import pytest

from tests.operators.bench import FragileBench


@pytest.fixture
def bench() -> FragileBench:
    return FragileBench()
