"""What to ask about the rows that a commit wrote, and what has to be remembered for that."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from minuet.simulation.oracle import touched
from minuet.simulation.oracle.agreeing import Catalogue
from minuet.simulation.oracle.alarms import Alarms
from minuet.simulation.oracle.audit import Audit
from minuet.simulation.oracle.books import Books
from minuet.simulation.oracle.cards import Cards
from minuet.simulation.oracle.checks import AFTER_COMMIT, OF_FLOWS
from minuet.simulation.oracle.clearing import Clearing
from minuet.simulation.oracle.decided import Decisions
from minuet.simulation.oracle.delivery import Deliveries
from minuet.simulation.oracle.flow import s6_not_stuck
from minuet.simulation.oracle.goods import s2_counted, s2_missing
from minuet.simulation.oracle.heard import Heard
from minuet.simulation.oracle.letters import Letters
from minuet.simulation.oracle.money import s1_credit_first
from minuet.simulation.oracle.told import s1_told, s3_told, s6_told_whom

Asked = tuple[Callable[..., Iterator[str]], tuple[object, ...]]


class Questions:
    """`now` is the business time."""

    def __init__(self, books: Books, consumers: Mapping[str, Sequence[str]], now: Callable[[], datetime]) -> None:
        self.books = books
        self.deliveries = Deliveries(books, consumers)
        self.alarms = Alarms(books, now)
        self.audit = Audit(books)
        self.decisions = Decisions(books)
        self.heard = Heard(books, self.deliveries)
        self.catalogue = Catalogue(books)
        self.clearing = Clearing(books)
        self.cards = Cards(books)
        self.letters = Letters(books)
        self.counted: dict[str, set[int]] = {}  # whatever merchants have counted, by SKU
        self._written: dict[str, set[str]] = {}  # by this commit: keys, by table

    def asked(self, service: str, rows: Sequence[touched.Touched]) -> Sequence[Asked]:
        """Each question once."""
        self._begin(service, rows)
        asked: dict[Asked, None] = {}
        for table, event, key in rows:
            asked.update(dict.fromkeys(self._about(service, table, event, key)))
        return list(asked)

    def _begin(self, service: str, rows: Sequence[touched.Touched]) -> None:
        self.books.forget(service, (key for _, _, key in rows))
        self.heard.reserved = {key for table, event, key in rows if (table, event) == ("reservations", "INSERT")}
        self._written.clear()
        for table, _, key in rows:
            self._written.setdefault(table, set()).add(key)
        if "catalogue" in self._written:
            self.catalogue.read()

    def answered(self, service: str, rows: Sequence[touched.Touched]) -> None:
        """Everything about this commit was asked: it is what the next one is compared with."""
        for table, _, key in rows:
            if table == "saga_instances":
                self.heard.seen(service, key)
            elif table == "clearing_cases":
                self.clearing.seen(key)
        self.catalogue.seen()

    def _about(self, service: str, table: str, event: str, key: str) -> Iterator[Asked]:
        """What to ask about a row that was written."""
        yield from ((check, (self.books, key)) for check in AFTER_COMMIT.get(table, ()))
        yield from ((check, (self.books, service, key)) for check in OF_FLOWS.get(table, ()))
        yield from self._about_messages(service, table, event, key)
        yield from self._about_flows(service, table, event, key)
        yield from self._about_goods(table, event, key)
        if table in ("saga_instances", "charges"):
            yield self.cards.s1_card_of_order, (key,)
            yield self.cards.s1_card_charged, (key.rpartition("/")[0] or key,)

    def _about_messages(self, service: str, table: str, event: str, key: str) -> Iterator[Asked]:
        """They are followed from here."""
        match table, event:
            case "outbox", "INSERT":
                self.deliveries.note_outbox(service, key)
                yield self.deliveries.s4_id_of_its_own, (service, key)
                yield self.decisions.s4_answered_the_same, (service, key)
                yield s1_told, (self.books, service, key)
                yield s3_told, (self.books, service, table, key)
                yield s6_told_whom, (self.books, service, key)
                yield self.deliveries.s5_correlated, (service, key)
            case "effects", "INSERT":
                self.deliveries.note_effect(service, key)
                yield s3_told, (self.books, service, table, key)
            case "inbox", "INSERT":
                yield self.deliveries.s5_no_ghost, (service, key)
                yield self.deliveries.s4_handled_once, (service, key)
                yield self.heard.s7_noted, (service, key)
                yield self.heard.s7_heeded, (service, key)
                yield self.heard.s7_latest, (service, key)
                yield self.heard.q2_obeyed, (service, key)
                yield self.heard.s6_answered, (service, key)
                if service == "order" and (said := self.deliveries.said.get(key)) is not None:
                    yield self.deliveries.s7_clearing_noted, (service, said.subject)
            case "dead_letters", _:
                self.alarms.went_off(key)
                yield self.deliveries.q3_cause, (service, key)
                yield self.letters.q3_kept, (service, key)
                if key in self.alarms.known:  # a deadline that was given up, for one
                    yield s6_not_stuck, (self.books, service, self.alarms.known[key].instance_id)

    def _about_flows(self, service: str, table: str, event: str, key: str) -> Iterator[Asked]:
        """Their deadlines are followed from here; and what operators do with them."""
        match table, event:
            case "timers", "INSERT":
                yield self.alarms.s8_armed_in_time, (service, key)
            case "timers", "UPDATE":
                self.alarms.moved(service, key)
                yield self.alarms.s9_moved_by, (service, frozenset(self._written.get("operator_actions", ())), key)
            case "timers", "DELETE" if key in self.alarms.known:
                yield s6_not_stuck, (self.books, service, self.alarms.known[key].instance_id)
            case "saga_instances", _ if service == "order":
                yield self.catalogue.s1_price, (key,)
                yield self.deliveries.q4_confirmed, (service, key)
                yield self.deliveries.s7_reason_noted, (service, key)
            case "saga_instances", _:
                yield s1_credit_first, (self.books, frozenset(self._written.get("credits", ())), service, key)
                yield self.clearing.s4_new_card, (service, key)
            case "clearing_cases", _:
                yield self.clearing.s6_case_kept, (key,)
                yield self.clearing.s9_claimed, (key,)
                yield self.clearing.s9_closed_as_it_was, (key,)
            case "saga_history", _:
                yield self.audit.s9_authored, (service, key)
                yield self.clearing.s6_every_case, (service, key)
                yield self.clearing.s8_a_day_of_tries, (service, key)
                yield self.alarms.s8_goes_on, (service, key)
                yield self.alarms.s8_all_armed, (service, key)
                yield self.alarms.s8_not_early_nor_stale, (service, key)
                yield self.heard.s7_said, (service, key)
            case "operator_actions", _:
                yield self.audit.s9_recorded, (service, key)
                yield self.audit.s9_about_something, (service, key)
                yield self.audit.s9_attended, (service, key)
                yield self.clearing.s9_open_case, (service, key)
                yield self.alarms.s8_fired, (service, key)
                yield self.alarms.s9_known, (service, key)
                yield self.alarms.s9_rescheduled, (service, key)
                yield self.letters.s9_done, (service, key)

    def _about_goods(self, table: str, event: str, key: str) -> Iterator[Asked]:
        match table, event:
            case "receipts", "INSERT" if "reservations" not in self._written and key in self.counted:
                yield s2_counted, (self.books, frozenset(self.counted[key]), key)
            case "reservations", _:
                if event == "INSERT" and "stock" not in self._written:
                    yield s2_missing, (self.books, key)
                yield self.decisions.q2_goods_decided_once, (key,)
            case "shipments", _:
                yield self.decisions.s3_taken, (key,)
                yield self.decisions.s6_first_come, (frozenset(self._written["shipments"]), key)
                yield self.decisions.s3_in_whose_hands, (key,)
                yield self.deliveries.s6_decision_told, (key,)
                yield self.decisions.q2_parcel_decided_once, (key,)
