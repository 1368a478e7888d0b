"""Whatever comes in whatever sequence, however often: one decision an attempt, and all books agree."""

import asyncio
from collections import Counter
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.clock import ManualClock
from bus.database import Database
from bus.envelope import Envelope
from bus.message import Local
from payment_service import views
from payment_service.app import service
from payment_service.gateway import AnswerUnknown, Gateway, GatewayUnreachable
from sandbox_gateway.api import app
from sandbox_gateway.ledger import Ledger, metadata
from tests.payment_service.words import CANCELLED, FAILED, RECEIVED, REFUNDED, cancel, refund, retrieve
from tests.service_bench import ServiceBench

TOKENS = ["tok_ok", "tok_declined", "tok_flaky_1", "tok_unknown_1"]
DECISIONS = {RECEIVED, FAILED, CANCELLED}

KEYS = [("r-1", 1), ("r-1", 1), ("r-1", 1), ("r-1", 2), ("r-2", 1)]  # most of it about one

Step = tuple[str, tuple[str, int], int]  # what, reference and attempt, which of the effects


class World:
    """The service and the gateway, with the test as their messenger and performer."""

    def __init__(self, token: str) -> None:
        self.token = token
        database = Database("sqlite://")
        metadata.create_all(database.engine)
        transport = httpx.ASGITransport(app(database, ManualClock()))
        self.gateway = Ledger(database)
        client = httpx.AsyncClient(transport=transport, base_url="http://gateway")
        self.bench = ServiceBench(service(Gateway(client)))
        self.said: list[tuple[str, dict[str, Any]]] = []

    def take(self, step: Step, runner: asyncio.Runner) -> None:
        what, (reference, attempt), which = step
        match what:
            case "retrieve":
                self.said += self.bench.tell(retrieve(reference, attempt, token=self.token))
            case "cancel":
                self.said += self.bench.tell(cancel(reference, attempt))
            case "refund":
                self.said += self.bench.tell(refund(reference, attempt))
            case _:
                self.perform(which, runner, twice=what == "perform twice")

    def perform(self, which: int, runner: asyncio.Runner, *, twice: bool = False) -> None:
        """One of the intended effects is carried out. If twice, its lease was over: another did the same."""
        effects = self.bench.effects
        if not effects:
            return
        effect = effects[which % len(effects)]
        effects.remove(effect)
        outcomes = [runner.run(self.carried_out(effect)) for _ in range(2 if twice else 1)]
        for outcome in outcomes:
            effects.insert(0, effect)
            if outcome is not None:
                self.said += self.bench.outcome(outcome)

    async def carried_out(self, effect: Envelope) -> Local | None:
        """None if it failed and is to be tried again."""
        performer = self.bench.service.performer(effect.type)
        try:
            return await performer.perform(performer.effect.model_validate_json(effect.body))
        except (GatewayUnreachable, AnswerUnknown):
            return None

    def finish(self, runner: asyncio.Runner) -> None:
        for _ in range(100):
            self.perform(0, runner)
        assert self.bench.effects == []


steps = st.tuples(
    st.sampled_from(["retrieve", "retrieve", "cancel", "refund", "perform", "perform twice"]),
    st.sampled_from(KEYS),
    st.integers(0, 3),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, max_size=14), st.sampled_from(TOKENS))
def test_one_decision_an_attempt_and_all_books_agree(plan: list[Step], token: str) -> None:
    world = World(token)
    with asyncio.Runner() as runner:
        for step in plan:
            world.take(step, runner)
            check_books(world)
        world.finish(runner)
    check_books(world)
    check_against_gateway(world)
    check_answers(world, plan)
    assert world.bench.dead_letters() == []


def check_books(world: World) -> None:
    """Every posting sums to zero, and no reference gets back more than came, nor gives more than it was asked for."""
    sums: Counter[str] = Counter()
    for entry in books(world)["entries"]:
        sums[entry["posting_id"]] += entry["amount"]["amount"]
    assert not any(sums.values())
    for attempt in attempts(world):
        assert attempt["refunded"]["amount"] <= attempt["received"]["amount"] <= attempt["amount"]["amount"]


def check_against_gateway(world: World) -> None:
    """Now that everything was performed: the same charges and refunds, key by key, and the totals that we tell."""
    contents = world.gateway.contents()
    entries = books(world)["entries"]
    for kind, theirs in (("charged", contents["charges"]), ("refunded_card", contents["refunds"])):
        ours = {e["posting_id"].removeprefix(f"{kind}:"): e["amount"] for e in entries if e["kind"] == kind}
        assert ours.keys() == {each["key"] for each in theirs}
        moved = sum(each["amount"]["amount"] for each in theirs)
        assert books(world)["totals"].get("EUR", {}).get(kind, 0) == moved
    in_hand = sum(a["received"]["amount"] - a["refunded"]["amount"] for a in attempts(world))
    assert in_hand == 10000 * (len(contents["charges"]) - len(contents["refunds"]))


def check_answers(world: World, plan: list[Step]) -> None:
    """Each attempt has one decision and one refund, told in the same words each time; no wish is left unanswered."""
    commands = [step for step in plan if not step[0].startswith("perform")]
    for key in {key for _, key, _ in commands}:
        mine = [(name, body) for name, body in world.said if (body["reference"], body["attempt"]) == key]
        names = [name for name, _ in mine]
        assert names
        assert len({str(each) for each in mine if each[0] in DECISIONS}) <= 1
        assert len({str(each) for each in mine if each[0] == REFUNDED}) <= 1
        if any(step[:2] == ("refund", key) for step in commands):
            assert RECEIVED not in names[names.index(REFUNDED) :]


def books(world: World) -> dict[str, Any]:
    with world.bench.database.snapshot() as connection:
        return views.ledger(connection)


def attempts(world: World) -> list[dict[str, Any]]:
    known = sorted({body["reference"] for _, body in world.said})
    with world.bench.database.snapshot() as connection:
        return [attempt for reference in known for attempt in views.payment(connection, reference)["attempts"]]
