"""Invariants of clearing: cards that could not be charged, and the agents who see to them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from minuet.simulation.oracle.books import Books, HistoryLine, InstanceRow

TRIES_OF_A_DAY = 16
CASES = "SELECT case_id, agent, outcome, escalated_at FROM clearing_cases WHERE reference = ? ORDER BY opened_at"


@dataclass(eq=False)
class Clearing:
    books: Books
    cases: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)  # agent and outcome, as last seen
    cards: dict[str, str] = field(default_factory=dict)  # tokens that agents gave, by their note

    def seen(self, reference: str) -> None:
        """Everything about this commit was asked."""
        for case_id, agent, outcome, _ in self.books.rows("payment", CASES, reference):
            self.cases[case_id] = agent, outcome

    def s6_case_kept(self, reference: str) -> Iterator[str]:
        """no stuck order: a case is one agent's, until it is closed; and then it is."""
        for case_id, agent, outcome, _ in self.books.rows("payment", CASES, reference):
            had, ended = self.cases.get(case_id, (None, None))
            if had not in (None, agent):
                yield f"the case {case_id} was {had}'s, and is {agent}'s"
            if ended not in (None, outcome):
                yield f"the case {case_id} was closed, {ended}, and is {outcome}"

    def s9_claimed(self, reference: str) -> Iterator[str]:
        """every operator action has an author, a reason and an audit row: what agents do with cases, too."""
        recorded = "SELECT count(*) FROM operator_actions WHERE target = ? AND author = ?"
        for case_id, agent, _, __ in self.books.rows("payment", CASES, reference):
            if agent is not None and not self.books.value("payment", recorded, case_id, agent):
                yield f"the case {case_id} is {agent}'s, and there is no record of it"

    def s9_open_case(self, service: str, action_id: str) -> Iterator[str]:
        """every operator action has an author, a reason and an audit row: and is about what it says."""
        query = "SELECT action, target FROM operator_actions WHERE action_id = ? AND action LIKE 'case.%'"
        for action, case_id in self.books.rows(service, query, action_id):
            _, ended = self.cases.get(case_id, (None, None))
            if ended is not None:
                yield f"{action} of {case_id}, which was closed before: {ended}"

    def s6_every_case(self, service: str, instance_id: str) -> Iterator[str]:
        """no stuck order: who is in clearing is on the call centre's list, each time, and in time as urgent."""
        for payment in self._payments(service, instance_id):
            lines = self._lines(payment.subject)
            cases = self.books.rows("payment", CASES, payment.subject)
            entries = sum("PaymentInClearing" in line.sent and line.because != "RetrievePayment" for line in lines)
            if entries != len(cases):
                yield f"{payment.subject} was in clearing {entries} times, and there are {len(cases)} cases"
            urgent = sum(line.because.startswith("escalation") for line in lines)
            escalated = sum(escalated_at is not None for *_, escalated_at in cases)
            if urgent != escalated:
                yield f"{urgent} cases of {payment.subject} were urgent, {escalated} are shown as such"

    def s4_new_card(self, service: str, instance_id: str) -> Iterator[str]:
        """at most one effect per command id: each card has a key of its own, and is the one that was given."""
        for payment in self._payments(service, instance_id):
            given = [line for line in self.books.history(service, payment) if line.because == "TakeNewCard"]
            if payment.data["card"] != 1 + len(given):
                yield f"payment {instance_id} was given {len(given)} new cards, and is at card {payment.data['card']}"
            token = payment.data["card_token"]
            if given and self.cards.get(given[-1].reason, token) != token:
                yield f"payment {instance_id} was given {self.cards[given[-1].reason]}, and has {token}"

    def s8_a_day_of_tries(self, service: str, instance_id: str) -> Iterator[str]:
        """a deadline never fires early: a gateway that cannot be reached is tried for a day."""
        for payment in self._payments(service, instance_id):
            calls = 0
            for line in self.books.history(service, payment):
                if line.because == "CardNotCharged" and "PaymentInClearing" in line.sent and calls < TRIES_OF_A_DAY:
                    yield f"payment {instance_id} is in clearing after {calls} calls"
                calls = 0 if line.because == "TakeNewCard" else calls
                calls += sum(name in ("ChargeCard", "AskGateway") for name in line.sent)

    def _payments(self, service: str, instance_id: str) -> list[InstanceRow]:
        found = self.books.instances(service, instance_id) if service == "payment" else []
        return [instance for instance in found if instance.flow == "payment"]

    def _lines(self, subject: str) -> list[HistoryLine]:
        query = "SELECT instance_id FROM saga_instances WHERE flow = 'payment' AND subject = ?"
        names = [name for (name,) in self.books.rows("payment", query, subject)]
        payments = [payment for name in names for payment in self._payments("payment", name)]
        return [line for payment in payments for line in self.books.history("payment", payment)]
