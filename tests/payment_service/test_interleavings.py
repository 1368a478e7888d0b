"""Whatever comes in whatever sequence, however often: one decision an attempt, and all books agree."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bus.clock import ManualClock
from bus.database import Database
from bus.envelope import Envelope
from bus.message import Local
from payment_service import gateway as gateway_module
from payment_service import views
from payment_service.app import service
from payment_service.gateway import Gateway
from payment_service.messages import CaseAction, GiveUpCase, TakeNewCard
from payment_service.models import bus_tables
from sandbox_gateway.api import app
from sandbox_gateway.books import metadata
from sandbox_gateway.ledger import Ledger
from sandbox_gateway.sandbox import Sandbox
from tests.payment_service.words import (
    CANCELLED,
    FAILED,
    RECEIVED,
    REFUNDED,
    act,
    balance,
    cancel,
    cases,
    grant,
    refund,
    retrieve,
)
from tests.service_bench import ServiceBench

TOKENS = ["tok_ok", "tok_declined", "tok_flaky_1", "tok_flaky_3", "tok_unknown_1"]
DECISIONS = {RECEIVED, FAILED, CANCELLED}

KEYS = [("r-1", 1), ("r-1", 1), ("r-1", 1), ("r-1", 2), ("r-2", 1)]  # most of it about one

Step = tuple[str, tuple[str, int], int]  # what, reference and attempt, which of the effects


class World:
    """The service and the gateway, with the test as their messenger, performer, agent and calendar."""

    def __init__(self, token: str, credit: int) -> None:
        self.token = token
        database = Database("sqlite://")
        metadata.create_all(database.engine)
        transport = httpx.ASGITransport(app(Sandbox(database, ManualClock())))
        self.gateway = Ledger(database)
        client = httpx.AsyncClient(transport=transport, base_url="http://gateway")
        self.bench = ServiceBench(service(Gateway(client)))
        self.begun: set[str] = set()  # effects that somebody has carried out, or has begun to
        self.said: list[tuple[str, dict[str, Any]]] = []
        grant(self.bench, credit)

    def take(self, step: Step, runner: asyncio.Runner) -> None:
        what, (reference, attempt), which = step
        match what:
            case "retrieve":
                self.said += self.bench.tell(retrieve(reference, attempt, token=self.token))
            case "cancel":
                self.said += self.bench.tell(cancel(reference, attempt))
            case "refund":
                self.said += self.bench.tell(refund(reference, attempt))
            case "new card" | "give up":
                self.clear(TakeNewCard if what == "new card" else GiveUpCase)
            case "wait":
                self.wait(timedelta(hours=8))
            case _:
                self.perform(which, runner, what)

    def clear(self, action: type[CaseAction]) -> None:
        if cases(self.bench):
            before = len(self.bench.said)
            act(self.bench, action)
            self.said += self.bench.said[before:]

    def wait(self, time: timedelta) -> None:
        self.bench.clock.advance(time)
        self.said += self.bench.fire_timers()

    def perform(self, which: int, runner: asyncio.Runner, how: str = "perform") -> None:
        """One of the intended effects is carried out. Twice: its lease was over, another did the same.

        Killed: it was carried out, but the process died before it could record what came of it.
        """
        effects = self.bench.effects
        if not effects:
            return
        effect = effects[which % len(effects)]
        effects.remove(effect)
        outcomes = [self.carried_out(effect, runner)]
        if how == "perform twice":
            self.bench.lease_effects_again()
            outcomes.append(self.carried_out(effect, runner))
        if how == "killed":
            effects.append(effect)
            return
        for alone, outcome in outcomes:
            effects.insert(0, effect)
            self.said += self.bench.outcome(outcome, alone=alone)

    def carried_out(self, effect: Envelope, runner: asyncio.Runner) -> tuple[bool, Local]:
        """Returns whether this was the first time, and what came of it."""
        performer = self.bench.service.performer(effect.type)
        intent = performer.effect.model_validate_json(effect.body)
        again = effect.id in self.begun
        self.begun.add(effect.id)

        async def performed() -> Local:
            return await performer.perform(intent.model_copy(update={"again": again}))

        return not again, runner.run(performed())

    def finish(self, runner: asyncio.Runner) -> None:
        """The gateway is there, days pass, and no agent ever looks at a case."""
        for _ in range(100):
            while self.bench.effects:
                self.perform(0, runner)
            if not self.deadlines():
                return
            self.wait(timedelta(days=1))
        raise AssertionError("something is still waiting")

    def deadlines(self) -> int:
        with self.bench.database.snapshot() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(bus_tables.timers)).scalar_one()


WHAT = ["retrieve", "retrieve", "cancel", "refund", "perform", "perform", "perform twice", "killed", "wait"]
steps = st.tuples(st.sampled_from([*WHAT, "new card", "give up"]), st.sampled_from(KEYS), st.integers(0, 3))


@pytest.fixture(autouse=True, scope="module")
def no_settling() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gateway_module, "SETTLING_SECONDS", 0.0)
        yield


UNREACHABLE_THEN_CHARGED = [("retrieve", ("r-1", 1), 0), ("cancel", ("r-1", 1), 0), ("perform twice", ("r-1", 1), 0)]


@settings(max_examples=100, deadline=None)
@example(UNREACHABLE_THEN_CHARGED, "tok_flaky_1", 0)
@given(st.lists(steps, max_size=16), st.sampled_from(TOKENS), st.sampled_from([0, 3000, 12000]))
def test_one_decision_an_attempt_and_all_books_agree(plan: list[Step], token: str, credit: int) -> None:
    world = World(token, credit)
    with asyncio.Runner() as runner:
        for step in plan:
            world.take(step, runner)
            check_books(world, credit)
        world.finish(runner)
    check_books(world, credit)
    check_against_gateway(world)
    check_answers(world, plan)
    assert world.bench.dead_letters() == []


def check_books(world: World, credit: int) -> None:
    """Every posting sums to zero, and no reference gets back more than came, nor gives more than it was asked for."""
    sums: Counter[str] = Counter()
    for entry in books(world)["entries"]:
        sums[entry["posting_id"]] += entry["amount"]["amount"]
    assert not any(sums.values())
    for attempt in attempts(world):
        assert attempt["refunded"].amount <= attempt["received"].amount <= attempt["amount"].amount
    totals = books(world)["totals"].get("EUR", dict.fromkeys(("credit_used", "refunded_credit"), 0))
    assert balance(world.bench) == credit - totals["credit_used"] + totals["refunded_credit"] >= 0


def check_against_gateway(world: World) -> None:
    """Now that everything was performed: the same charges and refunds, key by key, and the totals that we tell."""
    contents = asyncio.run(world.gateway.contents())
    entries = books(world)["entries"]
    for kind, theirs in (("charged", contents["charges"]), ("refunded_card", contents["refunds"])):
        ours = {e["posting_id"].removeprefix(f"{kind}:"): e["amount"] for e in entries if e["kind"] == kind}
        assert ours.keys() == {each["key"] for each in theirs}
        moved = sum(each["amount"]["amount"] for each in theirs)
        assert books(world)["totals"].get("EUR", {}).get(kind, 0) == moved
    for attempt in attempts(world):
        in_hand = attempt["received"].amount - attempt["refunded"].amount
        assert in_hand == (10000 if attempt["state"] == "received" else 0)


def check_answers(world: World, plan: list[Step]) -> None:
    """Each attempt has one decision and one refund, told in the same words each time; no wish is left unanswered."""
    commands = [step for step in plan if step[0] in ("retrieve", "cancel", "refund")]
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
