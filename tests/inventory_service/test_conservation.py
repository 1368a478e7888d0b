"""No piece is ever made, lost or held twice, whatever is said in whatever sequence."""

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from bus.message import Message
from inventory_service.app import service
from inventory_service.messages import FetchGoods
from inventory_service.neighbours import GoodsShipped
from tests.inventory_service.words import FETCHED, RELEASED, Said, count, fetch, levels, received, release, shipped
from tests.service_bench import ServiceBench

SKUS = ("a", "b", "c")


@dataclass(frozen=True)
class Counted:
    sku: str
    on_hand: int


@dataclass
class Books:
    """What the goods should be, kept from nothing but what was said."""

    held: dict[str, Counter[str]] = field(default_factory=dict)
    shipped: Counter[str] = field(default_factory=Counter)
    fetched: set[str] = field(default_factory=set)

    def note(self, message: Message, said: Said) -> None:
        match message, [name for name, _ in said]:
            case FetchGoods(reference=reference, items=items), [name] if name == FETCHED:
                if reference not in self.fetched:
                    self.fetched.add(reference)
                    self.held[reference] = Counter()
                    for item in items:
                        self.held[reference][item.sku] += item.quantity
            case GoodsShipped(reference=reference), []:
                self.shipped += self.held.pop(reference, Counter())
            case _, [name] if name == RELEASED:
                self.held.pop(message.subject, None)

    def reserved(self) -> Counter[str]:
        return sum(self.held.values(), Counter())


references = st.sampled_from(["r-1", "r-2", "r-3", "r-4"])
items = st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 6)), min_size=1, max_size=4)
commands = st.one_of(
    st.builds(lambda reference, items: fetch(reference, *items), references, items),
    st.builds(release, references),
    st.builds(shipped, references),
)
counts = st.builds(Counted, st.sampled_from(SKUS), st.integers(0, 12))


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, Message] | Counted]:
    """Commands with message ids, some of them delivered again, and counts, in random arrangement."""
    told = [(f"m-{n}", command) for n, command in enumerate(draw(st.lists(commands, max_size=12)))]
    again = draw(st.lists(st.sampled_from(told), max_size=6)) if told else []
    return draw(st.permutations([*told, *again, *draw(st.lists(counts, max_size=4))]))


@settings(max_examples=150, deadline=None)
@given(histories())
def test_on_hand_and_reserved_and_shipped_are_the_initial_stock_and_the_receipts(
    history: list[tuple[str, Message] | Counted],
) -> None:
    bench, books, seen = ServiceBench(service()), Books(), set[str]()
    count(bench, a=8, b=3)
    for step in history:
        if isinstance(step, Counted):
            count(bench, **{step.sku: step.on_hand})
        else:
            message_id, message = step
            said = bench.tell(message, message_id=message_id)
            if message_id not in seen:  # delivered again, it must change nothing
                books.note(message, said)
            seen.add(message_id)
        check(bench, books)
    assert bench.dead_letters() == []


def check(bench: ServiceBench, books: Books) -> None:
    receipts: Counter[str] = Counter()
    for sku, difference in received(bench):
        receipts[sku] += difference
    for sku, level in levels(bench).items():
        assert sum(level) == receipts[sku]
        assert min(level) >= 0
        assert level[1:] == (books.reserved()[sku], books.shipped[sku])
