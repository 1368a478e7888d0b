from collections.abc import Callable, Iterator

import pytest

from bus.service import Service
from tests.databases import OnPostgreSQL
from tests.isolation import tally
from tests.isolation.replicas import Replicas

Open = Callable[[Service], Replicas]


@pytest.fixture
def replicas_of(on_postgresql: OnPostgreSQL) -> Iterator[Open]:
    opened: list[Replicas] = []

    def open_replicas(service: Service) -> Replicas:
        opened.append(Replicas(service, on_postgresql.url(service.metadata)))
        return opened[-1]

    yield open_replicas
    for replicas in opened:
        replicas.close()


@pytest.fixture
def counting(replicas_of: Open) -> Replicas:
    """Two replicas of the service that counts."""
    return replicas_of(tally.service)
