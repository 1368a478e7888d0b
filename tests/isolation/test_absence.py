"""The server goes away and comes back; or a replica stands still."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from bus import database
from bus.database import Database
from bus.errors import Unavailable
from bus.incoming import Work
from bus.journey import Journey
from tests.isolation.replicas import PATIENCE_SECONDS, Halting, Replicas
from tests.isolation.tally import Count, metadata, service, tallies
from tests.servers.postgresql import PostgreSQL


@pytest.fixture
def alone(own_postgresql: PostgreSQL) -> Iterator[Replicas]:
    own_postgresql.start()
    url = own_postgresql.create_database("alone")
    replicas = Replicas(service, url)
    metadata.create_all(replicas.database.engine)
    yield replicas
    replicas.close()


def test_while_the_server_is_away_nothing_is_counted_and_then_it_goes_on_by_itself(
    own_postgresql: PostgreSQL, alone: Replicas
) -> None:
    """Killed as by a power cut, with connections open; what was committed before is there."""
    alone.tell(Count(name="a"), prefix="before")
    works = alone.incoming(Count(name="a"), Count(name="b"), prefix="meanwhile")
    own_postgresql.kill()
    for _ in range(3):
        with pytest.raises(Unavailable):
            alone.journey.process(works)
        with pytest.raises(Unavailable):
            alone.rows(tallies)
    assert not any(work.done for work in works)
    own_postgresql.start()
    finish(alone.journey, works)
    assert {(row.name, row.number) for row in alone.rows(tallies)} == {("a", 2), ("b", 1)}
    assert alone.rows(service.tables.dead_letters) == []


def finish(journey: Journey, works: Sequence[Work]) -> None:
    """As the host does: try again after a while. The first attempt may find connections that are dead."""
    give_up = time.monotonic() + 10
    while True:
        try:
            journey.process(works)
            return
        except Unavailable:
            assert time.monotonic() < give_up
            time.sleep(0.05)


class LosingAnswers(Database):
    """Its first commit succeeds, and nobody gets to hear of it."""

    lost = False

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        with super().transaction() as connection:
            yield connection
        if not self.lost:
            self.lost = True
            raise Unavailable("the connection was lost")


def test_a_commit_whose_outcome_is_unknown_is_tried_again_and_counts_once(counting: Replicas) -> None:
    """The inbox knows; what was said lies in the outbox, for the sweeper."""
    journey = counting.journey_on(counting.keep(LosingAnswers(counting.url)))
    works = counting.incoming(Count(name="a"), prefix="unknown")
    with pytest.raises(Unavailable):
        journey.process(works)
    assert not any(work.done for work in works)
    assert journey.process(works).outgoing == []
    assert all(work.done for work in works)
    assert [(row.name, row.number) for row in counting.rows(tallies)] == [("a", 1)]
    assert len(counting.rows(service.tables.outbox)) == 1


def test_a_replica_that_stands_still_in_a_transaction_does_not_hold_up_the_others(
    counting: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends its transaction after a while; when it wakes up it finds out, and does its work then."""
    counting.tell(Count(name="a"), prefix="before")
    monkeypatch.setattr(database, "POSTGRESQL_SESSION", "SET idle_in_transaction_session_timeout = '200ms'")
    asleep = Halting(counting.url)
    journey = counting.journey_on(counting.keep(asleep))
    works = counting.incoming(Count(name="a"), prefix="asleep")
    with ThreadPoolExecutor(1) as thread:
        stands_still = thread.submit(journey.process, works)
        assert asleep.halted.wait(PATIENCE_SECONDS)
        counting.tell(Count(name="a"), prefix="meanwhile")
        asleep.go.set()
        with pytest.raises(Unavailable):
            stands_still.result(PATIENCE_SECONDS)
    finish(journey, works)
    assert [(row.name, row.number) for row in counting.rows(tallies)] == [("a", 3)]
    assert counting.rows(service.tables.dead_letters) == []
