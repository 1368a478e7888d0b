"""Databases that fail when told to, and tell whoever watches what was committed."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from bus.database import JSON, SQLITE, Database, naming_absence
from minuet.simulation.faults import Faults
from minuet.simulation.loop import Crashed

TOUCHED = "SELECT EXISTS(SELECT 1 FROM temp.touched)"
SHARED = "SELECT EXISTS(SELECT 1 FROM temp.touched WHERE name NOT IN ('dead_letters', 'timers'))"


class Failed(Exception):
    """What a driver raises, with the state that a server would send."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


def broken(sqlstate: str) -> sa.exc.OperationalError:
    return sa.exc.OperationalError("COMMIT", {}, Failed(sqlstate))


LONGEST_CONFLICT = 8  # transactions
AWAY_SECONDS = 4.0  # at most
CONNECTION_LOST, SERIALIZATION_FAILURE = "08006", "40001"


class WatchedDisk(Database):
    """A database in memory that is emptied for every world. `began` and `committed` are told of each transaction.

    All happens in one thread, so two connections will do: one that writes, and one that reads.
    """

    def __init__(self, metadata: sa.MetaData, watched: Callable[[sqlite3.Connection], None]) -> None:
        self.engine = sa.create_engine("sqlite://", poolclass=StaticPool, connect_args=SQLITE, **JSON)
        metadata.create_all(self.engine)
        connection = self.engine.raw_connection().driver_connection
        assert isinstance(connection, sqlite3.Connection)
        self.raw = connection
        self.raw.isolation_level = None  # it begins when told to: to be told by events makes every statement slower
        self.raw.execute("PRAGMA foreign_keys=ON")
        self._empty = sqlite3.connect(":memory:")
        self.raw.backup(self._empty)
        watched(self.raw)
        self.began: Callable[[], None] = lambda: None
        self.committed: Callable[[], None] = lambda: None
        self.away_until = 0.0  # by the loop's time
        self._writing = self.engine.connect()
        self._reading_only = self.engine.connect()

    def wipe(self) -> None:
        self._empty.backup(self.raw)
        self.raw.execute("DELETE FROM temp.touched")
        self.away_until = 0.0

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        with self._writing.begin():
            self.raw.execute("BEGIN")
            self.began()
            yield self._writing

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        with naming_absence(), self.begin() as connection:
            yield connection
        self.committed()

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        with naming_absence():
            self.raw.execute("BEGIN")
            try:
                yield self._reading_only
            finally:
                self._reading_only.rollback()


class Disk(Database):
    """A service's database as one process of it sees it."""

    def __init__(self, disk: WatchedDisk, service: str, faults: Faults, crash: Callable[[], None]) -> None:
        self._disk = disk
        self._service = service
        self._faults = faults
        self._crash = crash
        self.dead = False
        self._conflicts = 0  # still to come

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Housekeeping that finds nothing to write is left in peace: it is no opportunity for a fault."""
        self._must_live()
        with naming_absence():
            self._must_be_there()
            with self._disk.begin() as connection:
                yield connection
                wrote = self._disk.raw.execute(TOUCHED).fetchone()[0]
                if wrote:
                    self._before_commit()
            self._disk.committed()
            if wrote:
                self._after_commit()

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        self._must_live()
        with naming_absence():
            self._must_be_there()
            with self._disk.snapshot() as connection:
                yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Nobody has to wait for others."""
        with self.snapshot() as connection:
            yield connection

    def _before_commit(self) -> None:
        hard = self._faults.strike("database-away", self._service)
        if hard is not None:
            self._disk.away_until = asyncio.get_running_loop().time() + AWAY_SECONDS * hard
        self._must_be_there()
        self._meet_others()
        if self._faults.strike("crash-before-commit", self._service) is not None:
            self._die()

    def _meet_others(self) -> None:
        """Somebody else writes the same rows: once, or so long that whoever tries again gives up.

        A letter that is kept, and the deadline that it is about, are nobody else's.
        """
        if not self._disk.raw.execute(SHARED).fetchone()[0]:
            return
        hard = self._faults.strike("serialization", self._service)
        self._conflicts = max(0, self._conflicts - 1) if hard is None else 1 + int(hard * LONGEST_CONFLICT)
        if self._conflicts:
            raise broken(SERIALIZATION_FAILURE)

    def _after_commit(self) -> None:
        if self._faults.strike("commit-unknown", self._service) is not None:
            raise broken(CONNECTION_LOST)
        if self._faults.strike("crash-after-commit", self._service) is not None:
            self._die()

    def _die(self) -> None:
        self._crash()
        raise Crashed

    def _must_be_there(self) -> None:
        if not self._faults.healed and asyncio.get_running_loop().time() < self._disk.away_until:
            raise broken(CONNECTION_LOST)

    def _must_live(self) -> None:
        if self.dead:
            raise Crashed
