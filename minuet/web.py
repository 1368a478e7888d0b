"""HTTP: one app for all services of a process, and what every request must satisfy."""

import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bus import problems
from bus.nul import REFUSAL, contains_nul

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})
EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})
MAX_BODY_BYTES = 1_000_000
ALWAYS_ANSWERED = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json"})


async def at_once() -> bool:
    return True


def build_app(
    routers: Sequence[APIRouter],
    *,
    hosts: Sequence[str] = (),
    token: str | None = None,
    started: Callable[[], Awaitable[bool]] = at_once,
) -> FastAPI:
    """`hosts`: names besides loopback's by which clients may call. `token`: required if given, but for /healthz.

    Until it has `started`, only its health is told.
    """
    app = FastAPI(title="minuet", docs_url=None, redoc_url=None)
    problems.install(app)
    for router in routers:
        app.include_router(router)
    names = LOOPBACK | set(hosts)

    async def refusal_of(request: Request) -> Response | None:
        return refuse(request, expected(request, names), token) or await refuse_early(request, started)

    app.add_middleware(Guard, refusal_of=refusal_of)
    return app


class Guard:
    """Who is not refused is passed on with his whole body, which was read to look at it."""

    def __init__(self, app: ASGIApp, refusal_of: Callable[[Request], Awaitable[Response | None]]) -> None:
        self._app = app
        self._refusal_of = refusal_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        refusal, body = await self._refusal_of(request), b""
        if refusal is None:
            try:
                body = await read(request)
            except ClientDisconnect:
                return  # nobody is there to be answered
            refusal = refuse_text(body) if len(body) <= MAX_BODY_BYTES else too_large()
        await (refusal or self._app)(scope, receive if refusal else again(body, receive), send)


async def read(request: Request) -> bytes:
    """The body, or more of it than is allowed: it is measured as it comes, whatever it says of its length."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            break
    return bytes(body)


def again(body: bytes, receive: Receive) -> Receive:
    """What was read comes once more, and then what else comes: that the client has gone."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def received() -> Message:
        return first.pop() if first else await receive()

    return received


async def refuse_early(request: Request, started: Callable[[], Awaitable[bool]]) -> Response | None:
    if request.url.path in ALWAYS_ANSWERED or await started():
        return None
    answer = problems.problem(503, "starting; try again once /readyz says that it is ready")
    answer.headers["Retry-After"] = "1"
    return answer


def refuse_text(body: bytes) -> Response | None:
    """JSON is UTF-8. A parser that guesses finds other encodings, too, in which NUL would not be seen."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return problems.problem(422, "the body must be JSON in UTF-8")
    return problems.problem(422, REFUSAL) if "\0" in text or contains_nul(body) else None


def too_large() -> Response:
    return problems.problem(413, f"a body may have at most {MAX_BODY_BYTES} bytes")


def expected(request: Request, names: frozenset[str]) -> frozenset[str]:
    """Who listens at every address cannot know its names, and has a token: there, a page's origin must be the host."""
    if names.isdisjoint(EVERY_ADDRESS):
        return names
    return names | {host_name(request.headers.get("host", ""))} - {""}


def refuse(request: Request, allowed: frozenset[str], token: str | None) -> Response | None:
    """A page in a browser must not reach us by a foreign name (DNS rebinding) or origin (CSRF)."""
    if host_name(request.headers.get("host", "")) not in allowed:
        return problems.problem(421, "unexpected Host: call by the name or address that the server was started with")
    origin = request.headers.get("origin")
    if origin is not None and address_of(origin) != request.headers.get("host", "").lower():
        return problems.problem(403, "unexpected Origin: requests of other sites' pages are refused")
    if token is not None and request.url.path != "/healthz" and not bears(request, token):
        return unauthorized()
    if "\0" in request.url.path or "%00" in request.url.query:
        return problems.problem(422, REFUSAL)
    return refuse_body(request)


def refuse_body(request: Request) -> Response | None:
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
        return too_large()
    has_body = length != "0" or "transfer-encoding" in request.headers
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if has_body and media_type != "application/json":
        return problems.problem(415, "the body must be JSON, with `Content-Type: application/json`")
    return None


def host_name(host: str) -> str:
    """The name in a Host header, without the port; nothing if it is malformed."""
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(:\d+)?", host)
    return found[1] if found else ""


def unauthorized() -> Response:
    answer = problems.problem(401, "send the header `Authorization: Bearer` with the value of MINUET_API_TOKEN")
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def address_of(origin: str) -> str:
    """Name and port in an Origin header, as a Host header says them; nothing if it is malformed."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def bears(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and secrets.compare_digest(given.encode(), token.encode())
