"""What every request must satisfy, whichever service it is for."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter

from bus.errors import Conflict, Unavailable
from minuet.web import MAX_BODY_BYTES, build_app

TOKEN = "a-token"


def router() -> APIRouter:
    made = APIRouter()

    @made.get("/healthz")
    async def health() -> str:
        return "ok"

    @made.post("/echo")
    async def echo(body: dict[str, int]) -> dict[str, int]:
        return body

    @made.get("/echo")
    async def silence() -> dict[str, int]:
        return {}

    @made.get("/broken")
    async def broken() -> str:
        raise RuntimeError("the password is in here")

    @made.get("/away")
    async def away() -> str:
        raise Unavailable("dsn")

    @made.get("/contended")
    async def contended() -> str:
        raise Conflict("rows of orders")

    return made


def client(**options: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(build_app([router()], **options), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080")


@pytest.fixture
async def open_one() -> AsyncIterator[httpx.AsyncClient]:
    async with client() as made:
        yield made


def is_problem(answer: httpx.Response, status: int, words: str) -> bool:
    document = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, document["status"]) == (status, status)
    assert words in document["detail"], document
    return True


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:8080", "localhost:1"])
async def test_loopback_names_are_answered(open_one: httpx.AsyncClient, host: str) -> None:
    assert (await open_one.get("/healthz", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "", "[::1].evil"])
async def test_an_unexpected_host_is_refused(open_one: httpx.AsyncClient, host: str) -> None:
    assert is_problem(await open_one.get("/healthz", headers={"Host": host}), 421, "unexpected Host")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1.evil.example", "http://127.0.0.1:3000"]
)
async def test_an_unexpected_origin_is_refused(open_one: httpx.AsyncClient, origin: str) -> None:
    assert is_problem(await open_one.post("/echo", json={}, headers={"Origin": origin}), 403, "unexpected Origin")


async def test_our_own_origin_is_fine(open_one: httpx.AsyncClient) -> None:
    answer = await open_one.post("/echo", json={"a": 1}, headers={"Origin": "http://127.0.0.1:8080"})
    assert answer.json() == {"a": 1}


async def test_a_body_that_is_not_json_is_refused(open_one: httpx.AsyncClient) -> None:
    assert is_problem(await open_one.post("/echo", data={"a": "1"}), 415, "must be JSON")
    assert is_problem(await open_one.post("/echo", content=b'{"a": 1}'), 415, "must be JSON")
    broken = await open_one.post("/echo", content=b'{"a": ', headers={"Content-Type": "application/json"})
    assert is_problem(broken, 422, "body")


async def test_a_body_that_is_too_large_is_refused(open_one: httpx.AsyncClient) -> None:
    large = b" " * (MAX_BODY_BYTES + 1)
    answer = await open_one.post("/echo", content=large, headers={"Content-Type": "application/json"})
    assert is_problem(answer, 413, "at most")


async def test_a_chunked_body_that_is_too_large_is_refused(open_one: httpx.AsyncClient) -> None:
    """Without a Content-Length the size shows only while reading."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * (MAX_BODY_BYTES // 2)

    answer = await open_one.post("/echo", content=chunks(), headers={"Content-Type": "application/json"})
    assert is_problem(answer, 413, "at most")


async def test_who_hangs_up_in_the_middle_of_a_body_is_no_error() -> None:
    came = iter([{"type": "http.request", "body": b"[", "more_body": True}, {"type": "http.disconnect"}])
    host, length, media = (b"host", b"localhost"), (b"content-length", b"100"), (b"content-type", b"application/json")
    scope = {"type": "http", "method": "POST", "path": "/echo", "query_string": b"", "headers": [host, length, media]}
    sent: list[Any] = []

    async def receive() -> Any:
        return next(came)

    async def send(message: Any) -> None:
        sent.append(message)

    await build_app([router()])(scope, receive, send)
    assert sent == []


async def test_with_a_token_every_request_but_health_needs_it() -> None:
    async with client(token=TOKEN) as made:
        assert (await made.get("/healthz")).status_code == 200
        assert is_problem(await made.post("/echo", json={}), 401, "Authorization: Bearer")
        assert is_problem(await made.post("/echo", json={}, headers={"Authorization": "Bearer no"}), 401, "Bearer")
        assert (await made.post("/echo", json={}, headers={"Authorization": f"Bearer {TOKEN}"})).status_code == 200


async def test_what_goes_wrong_inside_is_a_problem_document_that_leaks_nothing(open_one: httpx.AsyncClient) -> None:
    assert is_problem(await open_one.get("/broken"), 500, "unexpected error")
    assert is_problem(await open_one.get("/away"), 503, "try again")
    assert is_problem(await open_one.get("/nowhere"), 404, "Not Found")


async def test_a_method_that_there_is_not_is_told_those_that_there_are(open_one: httpx.AsyncClient) -> None:
    """RFC 9110, 15.5.6."""
    answer = await open_one.delete("/echo")
    assert is_problem(answer, 405, "Method Not Allowed")
    assert answer.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize("path", ["/away", "/contended"])
async def test_what_is_over_soon_says_so(open_one: httpx.AsyncClient, path: str) -> None:
    answer = await open_one.get(path)
    assert is_problem(answer, 503, "try again, with the same Idempotency-Key")
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize("content", [b'{"a\\u0000": 1}', b'{"\\\\\\u0000": 1}'])
async def test_nul_is_refused_whichever_database_there_is(open_one: httpx.AsyncClient, content: bytes) -> None:
    answer = await open_one.post("/echo", content=content, headers={"Content-Type": "application/json"})
    assert is_problem(answer, 422, "NUL")


async def test_the_text_that_only_looks_like_nul_is_let_pass(open_one: httpx.AsyncClient) -> None:
    answer = await open_one.post("/echo", json={"\\u0000": 1})
    assert (answer.status_code, answer.json()) == (200, {"\\u0000": 1})


@pytest.mark.parametrize("path", ["/healthz%00", "/healthz?a=%00"])
async def test_nul_in_the_address_is_refused_too(open_one: httpx.AsyncClient, path: str) -> None:
    assert is_problem(await open_one.get(path), 422, "NUL")


async def test_who_listens_at_every_address_is_called_by_any_name_and_by_no_other_sites_page() -> None:
    """As in a container: nobody knows the names by which it is called, but each call bears the token."""
    async with client(hosts=["0.0.0.0"], token=TOKEN) as made:
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        for host in ("gateway:8090", "10.0.0.7:8090"):
            assert (await made.post("/echo", json={}, headers={**bearer, "Host": host})).status_code == 200
        ours = {**bearer, "Host": "gateway:8090", "Origin": "http://gateway:8090"}
        assert (await made.post("/echo", json={}, headers=ours)).status_code == 200
        assert is_problem(await made.post("/echo", json={}, headers={**ours, "Host": "other"}), 403, "Origin")
        assert is_problem(await made.post("/echo", json={}, headers={"Host": "gateway:8090"}), 401, "Bearer")


async def test_until_it_has_started_only_its_health_is_told() -> None:
    """The health endpoints themselves say what is missing."""
    has_started = False

    async def started() -> bool:
        return has_started

    async with client(started=started) as made:
        assert (await made.get("/healthz")).status_code == 200
        assert is_problem(await made.post("/echo", json={}), 503, "starting")
        has_started = True
        assert (await made.post("/echo", json={})).status_code == 200
