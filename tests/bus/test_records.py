"""Records: an identity map over one table, read and written once per unit of work."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
import sqlalchemy as sa

from bus.clock import ManualClock
from bus.database import Database
from bus.records import Records
from bus.service import Service
from bus.tables import BusTables
from bus.unit import UnitOfWork

metadata = sa.MetaData()
lines = sa.Table(
    "lines",
    metadata,
    sa.Column("page", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
)
service = Service("book", metadata, BusTables(metadata), handlers=())


@dataclass(frozen=True)
class Line:
    page: str
    number: int
    text: str


class Lines(Records[Line]):
    table = lines
    record = Line


class Book:
    """A database with lines in it, and what was asked of it."""

    def __init__(self) -> None:
        self.database = Database("sqlite://")
        self.statements: list[str] = []
        metadata.create_all(self.database.engine)
        sa.event.listen(self.database.engine, "before_cursor_execute", self._note)

    def _note(self, *args: object) -> None:
        self.statements.append(str(args[2]).split()[0])

    def write(self, *records: Line) -> None:
        with self.database.transaction() as connection:
            unit = unit_of(connection)
            for record in records:
                unit.store(Lines).put(record)
            unit.flush()
        self.statements.clear()

    def read(self) -> list[tuple[str, int, str]]:
        with self.database.snapshot() as connection:
            return [tuple(row) for row in connection.execute(sa.select(lines).order_by(lines.c.page, lines.c.number))]


def unit_of(connection: sa.Connection) -> UnitOfWork:
    clock = ManualClock()
    return UnitOfWork(service, connection, clock.now(), clock.machine())


@pytest.fixture
def book() -> Book:
    built = Book()
    built.write(Line("a", 1, "one"), Line("a", 2, "two"), Line("b", 1, "other"))
    return built


@pytest.fixture
def unit(book: Book) -> Iterator[UnitOfWork]:
    with book.database.transaction() as connection:
        yield unit_of(connection)
        book.statements.clear()


def test_everyone_in_a_unit_sees_the_same_record(unit: UnitOfWork) -> None:
    assert unit.store(Lines) is unit.store(Lines)
    found = unit.store(Lines).get("a", 1)
    assert found == Line("a", 1, "one")
    assert unit.store(Lines).get("a", 1) is found


def test_what_was_put_is_what_is_got(unit: UnitOfWork) -> None:
    """Before anything is written."""
    put = unit.store(Lines).put(Line("a", 1, "changed"))
    assert unit.store(Lines).get("a", 1) is put


def test_what_is_not_there_is_none(unit: UnitOfWork) -> None:
    assert unit.store(Lines).get("a", 9) is None
    assert unit.store(Lines).get("z", 1) is None
    assert unit.store(Lines).of("z") == []


def test_a_subjects_records_come_in_the_order_of_their_keys(unit: UnitOfWork) -> None:
    """Those just put among them."""
    unit.store(Lines).put(Line("a", 0, "zero"))
    assert [line.number for line in unit.store(Lines).of("a")] == [0, 1, 2]


def test_what_was_preloaded_is_not_read_again(book: Book, unit: UnitOfWork) -> None:
    """Absent ones neither: one select for a whole batch."""
    store = unit.store(Lines)
    store.preload(["a", "b", "z"])
    book.statements.clear()
    assert store.get("b", 1) == Line("b", 1, "other")
    assert store.get("z", 1) is None
    assert len(store.of("a")) == 2
    store.preload(["a", "b"])
    assert book.statements == []


def test_a_later_preload_does_not_undo_what_was_put(unit: UnitOfWork) -> None:
    store = unit.store(Lines)
    store.put(Line("a", 1, "changed"))
    store.preload(["a", "b"])
    assert store.get("a", 1) == Line("a", 1, "changed")


def test_flush_costs_one_insert_and_one_update(book: Book) -> None:
    """However many records are new and changed; what was only read is not written."""
    with book.database.transaction() as connection:
        unit = unit_of(connection)
        store = unit.store(Lines)
        store.preload(["a", "b", "c"])
        for number in (1, 2):
            found = store.get("a", number)
            assert found is not None
            store.put(replace(found, text="changed"))
            store.put(Line("c", number, "new"))
        book.statements.clear()
        unit.flush()
        assert book.statements == ["INSERT", "UPDATE"]
    assert book.read() == [
        ("a", 1, "changed"),
        ("a", 2, "changed"),
        ("b", 1, "other"),
        ("c", 1, "new"),
        ("c", 2, "new"),
    ]


def test_nothing_changed_costs_nothing(book: Book, unit: UnitOfWork) -> None:
    unit.store(Lines).of("a")
    book.statements.clear()
    unit.flush()
    assert book.statements == []


def test_the_last_of_several_changes_is_written(book: Book) -> None:
    book.write(Line("d", 1, "first"), Line("d", 1, "second"))
    assert book.read()[-1] == ("d", 1, "second")
