"""Dead letters: taken over from the transport, redriven, discarded, and what protects against handling one twice."""

from datetime import timedelta

import pytest

from bus import dead_letters, inbox, redriving
from bus.delivery import open_delivery
from bus.errors import Refused
from bus.transport import Delivery
from tests.operators.bench import ANN, FragileBench
from tests.operators.fragile import Mark, Remind

NINE_MINUTES = 520.0
DAY = timedelta(days=1)


def parked(bench: FragileBench, fails: str = "poison") -> str:
    """Returns the letter's id."""
    bench.tell(Mark(name="tea", fails=fails), message_id="m-1")
    found: str = bench.letter()["id"]
    return found


def given_up(bench: FragileBench, body: bytes = b'{"name": "tea"}', message_id: str = "m-1") -> None:
    """The transport's dead queue had this."""
    headers = {"ce-specversion": "1.0", "ce-id": message_id, "ce-type": "fragile.mark.v1", "ce-source": "/test"}
    delivery = Delivery("fragile.dead", headers, body, None)
    bench.call(lambda context: dead_letters.receive(context.unit, delivery, "delivered 20 times in vain"))


# --- redrive


def test_a_letter_shows_what_failed_and_why(bench: FragileBench) -> None:
    letter_id = parked(bench)
    letter = bench.letter()
    assert (letter["message_id"], letter["type"], letter["service"]) == ("m-1", "fragile.mark.v1", "fragile")
    assert (letter["correlation_id"], letter["subject"], letter["attempts"]) == ("tea", "tea", 1)
    assert letter["first_at"] == "2026-01-01T00:00:00.000000Z"
    assert letter_id not in ("", "m-1")


def test_a_redrive_handles_the_message_and_closes_the_letter(bench: FragileBench) -> None:
    letter_id = parked(bench)
    bench.fragile.mended.add("poison")
    bench.redrive(letter_id)
    assert (bench.letter()["status"], bench.marks()) == ("redriven", ["tea"])
    assert bench.audit() == [("ann", "it is mended", "dead-letter.redrive", letter_id)]


def test_a_redrive_in_vain_parks_the_letter_again_with_the_new_cause(bench: FragileBench) -> None:
    letter_id = parked(bench, fails="bug")
    for _ in range(9):
        bench.try_again(after=NINE_MINUTES)
    bench.redrive(letter_id)
    assert (bench.letter()["status"], bench.letter()["attempts"]) == ("parked", 11)


def test_a_redrive_that_nobody_carried_out_is_carried_out_by_the_next_sweep(bench: FragileBench) -> None:
    """The process was killed between the operator's transaction and the attempt."""
    letter_id = parked(bench)
    bench.fragile.mended.add("poison")
    bench.act(redriving.redrive, letter_id)
    assert bench.letter()["status"] == "retrying"
    bench.try_again()
    assert (bench.letter()["status"], bench.marks()) == ("redriven", ["tea"])


def test_a_letter_that_still_retries_can_be_redriven_now(bench: FragileBench) -> None:
    letter_id = parked(bench, fails="bug")
    bench.fragile.mended.add("bug")
    bench.redrive(letter_id)
    assert (bench.letter()["status"], bench.marks()) == ("redriven", ["tea"])


def test_two_who_redrive_one_letter_at_once_handle_it_once(bench: FragileBench) -> None:
    letter_id = parked(bench)
    bench.fragile.mended.add("poison")
    bench.fragile.tried.clear()
    first = bench.act(redriving.redrive, letter_id)
    second = bench.act(redriving.redrive, letter_id)
    bench.retry(first)
    bench.retry(second)
    assert bench.fragile.tried == ["tea"]
    assert bench.letter()["status"] == "redriven"
    assert len(bench.audit()) == 2


@pytest.mark.parametrize(("close", "status"), [("redrive", "redriven"), ("discard", "discarded")])
@pytest.mark.parametrize("then", ["redrive", "discard"])
def test_a_closed_letter_stays_closed(bench: FragileBench, close: str, status: str, then: str) -> None:
    letter_id = parked(bench)
    bench.fragile.mended.add("poison")
    getattr(bench, close)(letter_id)
    with pytest.raises(Refused, match=f"closed: it was {status}") as refusal:
        getattr(bench, then)(letter_id)
    assert refusal.value.status == 409
    assert len(bench.audit()) == 1


def test_there_is_no_such_letter(bench: FragileBench) -> None:
    for action in (bench.redrive, bench.discard):
        with pytest.raises(Refused, match="there is no dead letter") as refusal:
            action("nowhere")
        assert refusal.value.status == 404
    assert bench.audit() == []


def test_what_was_handled_meanwhile_is_not_handled_again(bench: FragileBench) -> None:
    """The same message came again over the wire, and was handled, before the letter was redriven."""
    letter_id = parked(bench)
    bench.fragile.mended.add("poison")
    bench.tell(Mark(name="tea", fails="poison"), message_id="m-1")
    bench.redrive(letter_id)
    assert (bench.letter()["status"], bench.marks()) == ("redriven", ["tea"])


# --- discard


def test_what_was_discarded_counts_as_handled(bench: FragileBench) -> None:
    """Neither a redelivery that could be handled now nor one that fails again brings it back."""
    letter_id = parked(bench)
    bench.discard(letter_id)
    bench.tell(Mark(name="tea", fails="poison"), message_id="m-1")
    bench.fragile.mended.add("poison")
    bench.tell(Mark(name="tea", fails="poison"), message_id="m-1")
    assert (bench.letter()["status"], bench.marks()) == ("discarded", [])
    assert bench.audit() == [("ann", "it is mended", "dead-letter.discard", letter_id)]


def test_a_letter_that_was_discarded_before_its_next_attempt_is_not_tried(bench: FragileBench) -> None:
    letter_id = parked(bench, fails="bug")
    bench.fragile.tried.clear()
    bench.clock.advance(timedelta(seconds=1))
    (due,) = bench.call(dead_letters.due)
    bench.discard(letter_id)
    bench.retry(due)
    assert (bench.letter()["status"], bench.fragile.tried) == ("discarded", [])


def reminder_that_failed(bench: FragileBench) -> str:
    """A timer that went off, and whose handler has a bug. Returns the letter's id."""
    bench.tell(Remind(name="bug", days=1))
    bench.clock.advance(DAY)
    bench.fire_timers()
    found: str = bench.letter()["id"]
    return found


def test_what_the_service_told_itself_cannot_be_discarded(bench: FragileBench) -> None:
    """Nobody would say it again, and whatever waits for it would wait for ever."""
    letter_id = reminder_that_failed(bench)
    with pytest.raises(Refused, match="would wait for ever") as refusal:
        bench.discard(letter_id)
    assert refusal.value.status == 409
    assert (bench.letter()["status"], bench.audit()) == ("retrying", [])


def test_what_the_service_told_itself_can_be_redriven_however_old_it_is(bench: FragileBench) -> None:
    letter_id = reminder_that_failed(bench)
    bench.clock.advance(400 * DAY)
    bench.fragile.mended.add("bug")
    bench.redrive(letter_id)
    assert (bench.letter()["status"], bench.fragile.tried) == ("redriven", ["bug", "bug"])


def test_what_a_stranger_says_in_the_name_of_the_service_can_be_discarded(bench: FragileBench) -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "m-1", "ce-type": "fragile.reminded.v1", "ce-source": "/test"}
    delivery = Delivery("fragile", headers, b'{"name": "tea"}', None)
    bench.journey.process([open_delivery(bench.service, delivery)])
    bench.discard(bench.letter()["id"])
    assert bench.letter()["status"] == "discarded"


# --- one replica at a time


def test_a_letter_that_is_being_tried_is_left_alone_by_the_others(bench: FragileBench) -> None:
    """It is leased; if whoever leased it is gone, it is tried again within the 10 s of a recovery."""
    parked(bench, fails="bug")
    bench.clock.advance(timedelta(seconds=1))
    assert len(bench.call(dead_letters.due)) == 1
    assert bench.call(dead_letters.due) == []
    bench.clock.advance(timedelta(seconds=9))
    assert len(bench.call(dead_letters.due)) == 1


# --- taken over from the transport


def test_what_the_transport_gave_up_is_tried_again_alone(bench: FragileBench) -> None:
    """A crash counts against everything that was in hand: most of it is innocent."""
    given_up(bench)
    assert (bench.letter()["status"], bench.letter()["cause"]) == ("retrying", "delivered 20 times in vain")
    bench.try_again()
    assert (bench.letter()["status"], bench.marks()) == ("redriven", ["tea"])


def test_what_the_transport_gave_up_and_is_at_fault_is_parked(bench: FragileBench) -> None:
    given_up(bench, b"not json")
    assert bench.letter()["status"] == "parked"
    assert bench.letter()["cause"].startswith("not a valid fragile.mark.v1")


def test_what_the_transport_gave_up_and_was_handled_is_closed(bench: FragileBench) -> None:
    """It was committed, and the acknowledgement was lost with the connection."""
    bench.tell(Mark(name="tea"), message_id="m-1")
    given_up(bench)
    bench.try_again()
    assert (bench.letter()["status"], bench.marks()) == ("redriven", ["tea"])


@pytest.mark.parametrize("status", ["parked", "retrying", "discarded"])
def test_what_the_transport_gave_up_changes_nothing_about_a_letter_that_is_there(
    bench: FragileBench, status: str
) -> None:
    letter_id = parked(bench, fails="bug" if status == "retrying" else "poison")
    if status == "discarded":
        bench.discard(letter_id)
    before = bench.letter()
    given_up(bench, bench.dead_letters()[0].body)
    assert bench.letter() == before
    assert before["status"] == status


def test_what_the_transport_gave_up_under_the_id_of_another_message_is_parked(bench: FragileBench) -> None:
    """Neither is lost, and it is not tried by itself under an id that may be handled already."""
    letter_id = parked(bench, fails="poison")
    given_up(bench)
    first, second = sorted(bench.letters(), key=lambda letter: letter["id"] != letter_id)
    assert (first["status"], first["cause"]) == ("parked", "this cannot be")
    assert (second["status"], bench.marks()) == ("parked", [])
    assert second["cause"].startswith("another message has a letter under the same id, m-1; delivered 20 times")
    bench.redrive(second["id"])
    assert bench.marks() == ["tea"]


# --- thirty days


def test_what_is_older_than_the_inbox_is_not_redriven(bench: FragileBench) -> None:
    """The refusal says what to do; discarding is still possible."""
    letter_id = parked(bench)
    bench.clock.advance(30 * DAY)
    bench.act(redriving.redrive, letter_id)
    bench.clock.advance(timedelta(seconds=1))
    with pytest.raises(Refused, match=r"failed first on 2026-01-01.*can only be discarded") as refusal:
        bench.redrive(letter_id)
    assert refusal.value.status == 409
    bench.discard(letter_id)
    assert bench.letter()["status"] == "discarded"


def test_the_inbox_forgets_after_thirty_days_but_not_what_an_open_letter_may_ask_for(bench: FragileBench) -> None:
    """m-1 was handled and came again, unreadable, 29 days later: its redrive must still find out."""
    bench.tell(Mark(name="tea"), message_id="m-1")
    bench.tell(Mark(name="pot"), message_id="m-2")
    bench.clock.advance(29 * DAY)
    given_up(bench)
    bench.clock.advance(2 * DAY)
    bench.call(lambda context: inbox.prune(context.unit))
    bench.try_again()
    assert (bench.letter()["status"], bench.marks()) == ("redriven", ["pot", "tea"])
    bench.call(lambda context: inbox.prune(context.unit))
    with bench.database.snapshot() as connection:
        assert list(connection.execute(bench.service.tables.inbox.select())) == []


def test_closed_letters_go_after_thirty_days_and_open_ones_stay(bench: FragileBench) -> None:
    closed = parked(bench)
    bench.discard(closed)
    bench.tell(Mark(name="pot", fails="poison"), message_id="m-2")
    bench.clock.advance(31 * DAY)
    bench.call(lambda context: dead_letters.prune(context.unit))
    assert [letter["message_id"] for letter in bench.letters()] == ["m-2"]
    assert bench.audit() == [(ANN.author, ANN.reason, "dead-letter.discard", closed)]
