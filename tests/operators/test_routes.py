"""Operators over HTTP: one port, two services, and every action with its author and reason."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bus.clock import ManualClock
from tests.operators.fragile import Mark, Remind
from tests.operators.hosting import System
from tests.saga.trip import BookTrip, HotelCancelled

BY = {"author": "ann", "reason": "it is mended"}


def is_problem(answer: httpx.Response, status: int, words: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert words in answer.json()["detail"]


async def failed(running: System) -> list[dict[str, Any]]:
    """One parked letter in each service."""
    await running.publish(Mark(name="tea", fails="poison"), BookTrip(trip_id="t-1"), HotelCancelled(trip_id="t-1"))
    return await running.some("/dead-letters", 2)


async def waiting(running: System) -> list[dict[str, Any]]:
    """A reminder and a flow's deadline. The trip's is due after 2 days."""
    await running.publish(BookTrip(trip_id="t-1"), Remind(name="tea", days=1), Remind(name="pot", days=3))
    return await running.some("/timers", 3)


# --- lists


async def test_dead_letters_of_all_services_are_in_one_list(running: System) -> None:
    letters = await failed(running)
    assert {letter["service"] for letter in letters} == {"fragile", "trip"}
    assert {letter["status"] for letter in letters} == {"parked"}
    assert await running.items("/dead-letters", status="retrying") == []
    assert await running.items("/dead-letters", status="parked") == letters


async def test_timers_of_all_services_are_in_one_list_in_due_sequence(running: System) -> None:
    timers = await waiting(running)
    assert [(timer["service"], timer["subject"]) for timer in timers] == [
        ("fragile", "tea"),
        ("trip", "t-1"),
        ("fragile", "pot"),
    ]
    assert [timer["subject"] for timer in await running.items("/timers", name="reminder")] == ["tea", "pot"]
    assert [timer["name"] for timer in await running.items("/timers", subject="t-1")] == ["reservation"]


@pytest.mark.parametrize("path", ["/timers", "/dead-letters", "/audit"])
async def test_pages_make_up_the_whole_list(running: System, path: str) -> None:
    """Whatever service an item is of, it is on one page, and on one alone."""
    for letter in await failed(running):
        await running.client.post(f"/dead-letters/{letter['id']}/redrive", json=BY)
    await waiting(running)
    whole = await running.items(path)
    assert len(whole) >= 2
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = (await running.client.get(path, params={"limit": 1, **({"after": after} if after else {})})).json()
        found += page["items"]
        after = page["next"]
        if after is None:
            break
    assert found == whole


@pytest.mark.parametrize("path", ["/timers", "/dead-letters", "/audit"])
async def test_a_list_cannot_be_asked_for_like_that(running: System, path: str) -> None:
    for query in ("limit=0", "limit=501", "limit=x", "after=nonsense", "after=WzEsIDJd"):
        is_problem(await running.client.get(f"{path}?{query}"), 422, query.partition("=")[0])


async def test_there_is_no_such_status(running: System) -> None:
    is_problem(await running.client.get("/dead-letters?status=lost"), 422, "'parked'")


# --- dead letters


async def test_a_letter_is_shown_with_its_headers_and_body(running: System) -> None:
    letters = await failed(running)
    for letter in letters:
        shown = (await running.client.get(f"/dead-letters/{letter['id']}")).json()
        assert {name: shown[name] for name in letter} == letter
        assert shown["headers"]["ce-id"] == letter["message_id"]
        assert '"tea"' in shown["body"] or '"t-1"' in shown["body"]


async def test_a_redrive_tells_what_came_of_it(running: System) -> None:
    """In vain first, and its cause is told; then the service is mended."""
    await running.publish(Mark(name="tea", fails="poison"))
    (letter,) = await running.some("/dead-letters")
    url = f"/dead-letters/{letter['id']}/redrive"
    answer = await running.client.post(url, json=BY)
    assert (answer.status_code, answer.json()["status"], answer.json()["attempts"]) == (200, "parked", 2)
    running.fragile.mended.add("poison")
    answer = await running.client.post(url, json=BY)
    assert (answer.status_code, answer.json()["status"]) == (200, "redriven")
    is_problem(await running.client.post(url, json=BY), 409, "it was redriven")


async def test_two_who_redrive_at_once_handle_it_once(running: System) -> None:
    """Whoever is second is told that it is redriven, one way or the other."""
    await running.publish(Mark(name="tea", fails="poison"))
    (letter,) = await running.some("/dead-letters")
    running.fragile.mended.add("poison")
    tried = len(running.fragile.tried)
    url = f"/dead-letters/{letter['id']}/redrive"
    for answer in await asyncio.gather(running.client.post(url, json=BY), running.client.post(url, json=BY)):
        assert answer.status_code in (200, 409), answer.text
        assert "redriven" in (answer.json().get("status"), answer.json().get("detail", "").rpartition(" ")[2])
    assert len(running.fragile.tried) == tried + 1


async def test_a_letter_is_discarded(running: System) -> None:
    for letter in await failed(running):
        answer = await running.client.post(f"/dead-letters/{letter['id']}/discard", json=BY)
        assert (answer.status_code, answer.json()["status"]) == (200, "discarded")
        is_problem(await running.client.post(f"/dead-letters/{letter['id']}/redrive"), 409, "it was discarded")


@pytest.mark.parametrize("method", ["GET", "POST redrive", "POST discard"])
async def test_there_is_no_such_letter(running: System, method: str) -> None:
    verb, _, action = method.partition(" ")
    is_problem(await running.client.request(verb, f"/dead-letters/nowhere/{action}".rstrip("/")), 404, "nowhere")


async def test_what_keeps_failing_is_tried_again_by_itself(running: System, clock: ManualClock) -> None:
    await running.publish(Mark(name="tea", fails="bug"))
    await running.some("/dead-letters", status="retrying")
    running.fragile.mended.add("bug")
    clock.advance(timedelta(seconds=1))
    await running.some("/dead-letters", status="redriven")


# --- timers


async def test_a_timer_is_fired(running: System) -> None:
    """It goes off before the answer is there, whichever service's it is."""
    tea, trip, _ = await waiting(running)
    for timer in (tea, trip):
        answer = await running.client.post(f"/timers/{timer['id']}/fire", json=BY)
        assert (answer.status_code, answer.json()["state"]) == (200, "fired"), answer.text
        is_problem(await running.client.post(f"/timers/{timer['id']}/fire"), 409, "fired by ann")
    assert running.fragile.tried == ["tea"]
    assert [timer["subject"] for timer in await running.items("/timers")] == ["pot"]


async def test_a_timer_that_fails_when_it_is_fired_tells_why(running: System) -> None:
    await running.publish(Remind(name="bug", days=1))
    (timer,) = await running.some("/timers")
    answer = (await running.client.post(f"/timers/{timer['id']}/fire", json=BY)).json()
    assert (answer["state"], answer["cause"]) == ("failed", "ZeroDivisionError: a bug in a timer's handler")


@pytest.mark.parametrize(
    ("more", "due_at"),
    [
        ({"days": 1.5}, "2026-01-03T12:00:00.000000Z"),
        ({"seconds": 60}, "2026-01-02T00:01:00.000000Z"),
        ({"due_at": "2026-02-01T01:00:00+01:00"}, "2026-02-01T00:00:00.000000Z"),
    ],
)
async def test_a_timer_is_postponed(running: System, more: dict[str, Any], due_at: str) -> None:
    tea, *_ = await waiting(running)
    answer = await running.client.post(f"/timers/{tea['id']}/postpone", json={**BY, **more})
    assert (answer.status_code, answer.json()["due_at"], answer.json()["state"]) == (200, due_at, "armed")
    assert [t["due_at"] for t in await running.items("/timers", subject="tea")] == [due_at]


NOT_LIKE_THAT: list[tuple[dict[str, Any], str]] = [
    ({}, 'Give one of "due_at"'),
    ({"days": 1, "seconds": 1}, 'Give one of "due_at"'),
    ({"days": 0}, "days"),
    ({"days": -1}, "days"),
    ({"days": True}, "days"),
    ({"days": 3651}, "days"),
    ({"seconds": "soon"}, "seconds"),
    ({"due_at": "tomorrow"}, "due_at"),
    ({"due_at": "2026-02-01T00:00:00"}, "timezone"),
    ({"due_at": "9999-12-31T23:59:59-14:00"}, "at most"),
    ({"due_at": "0001-01-01T00:00:00+14:00"}, "give a later time"),
    ({"days": 1, "author": ""}, "author"),
    ({"days": 1, "reason": "a\x00b"}, "NUL"),
]


async def test_a_timer_cannot_be_postponed_like_that(running: System) -> None:
    """Each refusal says what would be right; nothing is changed, nothing is in the audit."""
    tea, *_ = await waiting(running)
    for more, words in NOT_LIKE_THAT:
        is_problem(await running.client.post(f"/timers/{tea['id']}/postpone", json={**BY, **more}), 422, words)
    assert (await running.items("/timers"))[0] == tea
    assert await running.items("/audit") == []


async def test_a_timer_is_not_postponed_without_a_word(running: System) -> None:
    tea, *_ = await waiting(running)
    is_problem(await running.client.post(f"/timers/{tea['id']}/postpone"), 422, 'Give one of "due_at"')


async def test_a_timer_is_cancelled_but_not_a_flows_only_deadline(running: System) -> None:
    tea, trip, _ = await waiting(running)
    answer = await running.client.post(f"/timers/{tea['id']}/cancel", json=BY)
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    refusal = await running.client.post(f"/timers/{trip['id']}/cancel", json=BY)
    is_problem(refusal, 409, "'reservation' is the only deadline of t-1, trip in reserving")
    assert [timer["subject"] for timer in await running.items("/timers")] == ["t-1", "pot"]


@pytest.mark.parametrize("action", ["fire", "cancel", "postpone"])
async def test_there_is_no_such_timer(running: System, action: str) -> None:
    body = {"days": 1} if action == "postpone" else None
    is_problem(await running.client.post(f"/timers/nowhere/{action}", json=body), 404, "there is no timer nowhere")


# --- audit


async def test_every_action_is_in_the_audit(running: System) -> None:
    """With author, reason, action, target and time; what was refused is not."""
    letters, (tea, trip, pot) = await failed(running), await waiting(running)
    done = [
        (f"/dead-letters/{letters[0]['id']}/redrive", {}),
        (f"/dead-letters/{letters[1]['id']}/discard", {}),
        (f"/timers/{tea['id']}/postpone", {"days": 1}),
        (f"/timers/{tea['id']}/fire", {}),
        (f"/timers/{pot['id']}/cancel", {}),
    ]
    for path, more in done:
        assert (await running.client.post(path, json={**BY, **more})).status_code == 200
    assert (await running.client.post(f"/timers/{trip['id']}/cancel", json=BY)).status_code == 409
    audit = await running.items("/audit")
    assert {(entry["author"], entry["reason"]) for entry in audit} == {("ann", "it is mended")}
    assert sorted((entry["action"], entry["target"]) for entry in audit) == sorted(
        [
            ("dead-letter.redrive", letters[0]["id"]),
            ("dead-letter.discard", letters[1]["id"]),
            ("timer.postpone", tea["id"]),
            ("timer.fire", tea["id"]),
            ("timer.cancel", pot["id"]),
        ]
    )
    assert all(entry["at"] and entry["detail"] and entry["service"] for entry in audit)
    assert len(await running.items("/audit", target=tea["id"])) == 2


@pytest.mark.parametrize("body", [None, {}])
async def test_who_says_neither_name_nor_reason_is_unknown(running: System, body: Any) -> None:
    letter = (await failed(running))[0]
    assert (await running.client.post(f"/dead-letters/{letter['id']}/discard", json=body)).status_code == 200
    (entry,) = await running.items("/audit")
    assert (entry["author"], entry["reason"]) == ("unknown", "none given")
