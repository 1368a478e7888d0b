"""Several instances about one subject, deadlines that depend on the flow's data, and books that follow its steps."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from pydantic import BaseModel

from bus.message import Command, Event
from bus.service import Service
from bus.tables import BusTables
from bus.unit import Context
from saga import printing, view
from saga.flow import Flow
from saga.instance import Instance
from saga.keeping import Keeper, handlers
from saga.row import Moment, Row, after, any_state, anything_else, contradiction, deferred, stays
from saga.state import Kind, State
from saga.store import Instances
from saga.tables import SagaTables
from saga.testing import given
from tests.databases import OpenDatabase
from tests.service_bench import ServiceBench

REMINDED = "library.reader-reminded.v1"


class Loan(BaseModel):
    reader: str
    book: str
    days: int
    reminders: int = 0


class Lend(Command, owner="library", key="reader"):
    reader: str
    book: str
    days: int


class TakeBack(Command, owner="library", key="reader"):
    """Without a book: the one that was lent last."""

    reader: str
    book: str | None = None
    author: str = ""
    reason: str = ""


class ReaderReminded(Event, owner="library", key="reader"):
    reader: str
    book: str


def new_loan(lend: Lend, _: Moment) -> Loan:
    return Loan(reader=lend.reader, book=lend.book, days=lend.days)


def shrinking_pause(loan: Loan) -> timedelta:
    return timedelta(days=loan.days * 0.5**loan.reminders)


def reminded(loan: Loan, _: None, __: Moment) -> Loan:
    return loan.model_copy(update={"reminders": loan.reminders + 1})


def remind(loan: Loan) -> ReaderReminded:
    return ReaderReminded(reader=loan.reader, book=loan.book)


start = State("start", kind=Kind.START)
lent = State("lent")
overdue = State("overdue")
back = State("back", kind=Kind.END)
reminder = after("reminder", shrinking_pause)

# fmt: off
loans = Flow("loan", revision=1, data=Loan, begins={Lend: new_loan}, rows=[
    Row(start,           Lend,          lent),
    Row(start,           anything_else, deferred),
    Row(lent,            reminder,      overdue, does=reminded, sends=[remind]),
    Row(overdue,         reminder,      lent,    does=reminded, sends=[remind]),
    Row((lent, overdue), TakeBack,      back),
    Row(back,            TakeBack,      stays),
    Row(any_state,       anything_else, contradiction),
])
# fmt: on

metadata = sa.MetaData()
bus_tables = BusTables(metadata)
saga_tables = SagaTables(metadata)
steps = sa.Table("steps", metadata, sa.Column("told", sa.Text, nullable=False))


class Loans(Instances):
    tables = saga_tables


def loan_of(message: Lend | TakeBack, loans_: Loans) -> str:
    book = message.book or loans_.about(loans, message.reader)[-1].data.book
    return f"{message.reader}/{book}"


def note(before: Instance, after: Instance, context: Context) -> None:
    context.unit.connection.execute(sa.insert(steps).values(told=f"{before.state} → {after.state}"))


service = Service("library", metadata, bus_tables, handlers(Keeper(loans, Loans, names=loan_of, kept=note)))


@pytest.fixture
def bench(open_database: OpenDatabase) -> ServiceBench:
    return ServiceBench(service, open_database)


def states(bench: ServiceBench, reader: str = "ada") -> dict[str, str]:
    found = bench.call(lambda context: context.store(Loans).about(loans, reader))
    return {loan.data.book: loan.state for loan in found}


def armed(bench: ServiceBench) -> list[tuple[str, str]]:
    timers = bus_tables.timers
    with bench.database.snapshot() as connection:
        rows = connection.execute(sa.select(timers.c.subject, timers.c.wakes).order_by(timers.c.due_at))
        return [(row.subject, row.wakes) for row in rows]


def lend(bench: ServiceBench, book: str, days: int = 8) -> None:
    bench.tell(Lend(reader="ada", book=book, days=days))


def test_each_instance_goes_its_own_way(bench: ServiceBench) -> None:
    lend(bench, "Emma")
    lend(bench, "Faust")
    bench.tell(TakeBack(reader="ada", book="Emma"))
    assert states(bench) == {"Emma": "back", "Faust": "lent"}
    assert states(bench, "bob") == {}


def test_which_one_is_meant_may_depend_on_those_that_there_are(bench: ServiceBench) -> None:
    lend(bench, "Emma")
    lend(bench, "Faust")
    bench.tell(TakeBack(reader="ada"))
    assert states(bench) == {"Emma": "lent", "Faust": "back"}


def test_a_deadline_depends_on_the_data_each_time_that_its_state_is_entered(bench: ServiceBench) -> None:
    lend(bench, "Emma", days=8)
    said = []
    for day in range(1, 15):
        bench.clock.advance(timedelta(days=1))
        said += [day for name, _ in bench.fire_timers() if name == REMINDED]
    assert said == [8, 12, 14]


def test_deadlines_tell_what_they_wake_apart(bench: ServiceBench) -> None:
    """Each is the only one of its instance, though both are about one subject."""
    lend(bench, "Emma", days=8)
    lend(bench, "Faust", days=9)
    assert armed(bench) == [("ada", "loan ada/Emma in lent"), ("ada", "loan ada/Faust in lent")]


def test_whoever_keeps_books_is_told_of_every_step_that_is_stored(bench: ServiceBench) -> None:
    lend(bench, "Emma", days=1)
    bench.clock.advance(timedelta(days=1))
    bench.fire_timers()
    lend(bench, "Emma")  # a contradiction: nothing is stored
    bench.tell(TakeBack(reader="ada"))
    with bench.database.snapshot() as connection:
        told = connection.execute(sa.select(steps.c.told)).scalars().all()
    assert told == ["start → lent", "lent → overdue", "overdue → back"]


def test_the_history_says_who_and_why_if_the_message_does(bench: ServiceBench) -> None:
    lend(bench, "Emma")
    bench.tell(TakeBack(reader="ada", author="ann", reason="it rained"))
    with bench.database.snapshot() as connection:
        rows = view.history(connection, saga_tables, "loan", "ada/Emma")
    assert [(row["author"], row["reason"]) for row in rows] == [(None, None), ("ann", "it rained")]


def test_a_conversation_knows_when_the_deadline_comes() -> None:
    loan = Loan(reader="ada", book="Emma", days=8, reminders=1)
    said = given(loans, "overdue", data=loan).when_deadline("reminder").then(becomes="lent", sends=[ReaderReminded])
    assert said.outcome.history[0].because == "reminder is due"  # type: ignore[union-attr]


def test_a_deadline_without_a_fixed_time_is_printed_by_its_name() -> None:
    assert "| lent | reminder | overdue | → ReaderReminded |" in printing.table(loans)
    assert "lent --> overdue: reminder → ReaderReminded" in printing.diagram(loans)
