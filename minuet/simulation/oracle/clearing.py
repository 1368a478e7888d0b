"""Invariants of clearing: cards that could not be charged, and the agents who see to them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from minuet.simulation.oracle.books import Books, time_of
from minuet.simulation.oracle.instances import HistoryLine, InstanceRow
from minuet.simulation.oracle.tables import names_of

TRIES_OF_A_DAY = 16
CALLS = ("ChargeCard", "AskGateway", "RefundCard")
REFUNDING = ("refunding", "waiting_to_refund")
CASES = "SELECT case_id, agent, outcome, escalated_at FROM clearing_cases WHERE reference = ? ORDER BY opened_at"

ENDED = "SELECT attempt, agent, outcome, closed_at, note FROM clearing_cases WHERE reference = ?"
CLOSED_BY = {
    "TakeNewCard": "new_card",
    "GiveUp": "gave_up",
    "clearing": "expired",
    "CancelPayment": "withdrawn",
    "RefundPayment": "withdrawn",
}
BY_AGENTS = ("new_card", "gave_up")


@dataclass(eq=False)
class Clearing:
    books: Books
    cases: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)  # agent and outcome, as last seen
    outcomes: dict[str, str] = field(default_factory=dict)  # for which agents closed cases, by their note
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

    def s9_closed_as_it_was(self, reference: str) -> Iterator[str]:
        """every operator action has an author, a reason and an audit row: a case is closed for what was done."""
        for attempt, agent, outcome, closed_at, note in self.books.rows("payment", ENDED, reference):
            because = self._closings(f"{reference}/{attempt}")
            ended = outcome, closed_at and time_of(closed_at), note
            if ended not in [(None, None, ""), *because]:
                yield f"the case {reference}/{attempt} was closed like this: {ended}, and by {because}"
            if outcome in BY_AGENTS and agent is None:
                yield f"the case {reference}/{attempt} is {outcome}, and nobody did that"
            if outcome is not None and self.outcomes.get(note, outcome) != outcome:
                yield f"the case {reference}/{attempt} is {outcome}, and {note} was {self.outcomes[note]}"

    def _closings(self, instance_id: str) -> list[tuple[str, datetime, str]]:
        """By what its cases were closed, when, and why, as its history says."""
        lines = [line for p in self._payments("payment", instance_id) for line in self.books.history("payment", p)]
        here = names_of("payment", "in_clearing")
        left = [line for line in lines if line.before in here and line.after not in here]
        return [
            (outcome, line.at, line.reason if outcome in BY_AGENTS else "")
            for line in left
            for begins, outcome in CLOSED_BY.items()
            if line.because.startswith(begins)
        ]

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
            urgent = sorted(line.at for line in lines if line.because.startswith("escalation"))
            escalated = sorted(time_of(escalated_at) for *_, escalated_at in cases if escalated_at is not None)
            if urgent != escalated:
                yield f"cases of {payment.subject} were urgent since {urgent}, and are shown as such since {escalated}"

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
            calls, silent = 0, 0
            for line in self.books.history(service, payment):
                if line.because == "CardNotCharged" and "PaymentInClearing" in line.sent and calls < TRIES_OF_A_DAY:
                    yield f"payment {instance_id} is in clearing after {calls} calls"
                refunds = line.after == "refunding" and line.before not in REFUNDING
                calls = 0 if line.because == "TakeNewCard" or refunds else calls
                calls += sum(name in CALLS for name in line.sent)
                silent = 0 if refunds else silent + (line.after == "waiting_to_refund" != line.before)
            if payment.data["tries"] > calls:
                yield f"payment {instance_id} was tried {payment.data['tries']} times, with {calls} calls"
            if payment.state in REFUNDING and payment.data["tries"] != silent:
                yield f"payment {instance_id} was not refunded {silent} times, and counts {payment.data['tries']}"

    def _payments(self, service: str, instance_id: str) -> list[InstanceRow]:
        found = self.books.instances(service, instance_id) if service == "payment" else []
        return [instance for instance in found if instance.flow == "payment"]

    def _lines(self, subject: str) -> list[HistoryLine]:
        payments = self.books.payments(subject)
        return [line for payment in payments for line in self.books.history("payment", payment)]
