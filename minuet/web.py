"""HTTP: one app for all services of a process, and what every request must satisfy."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.middleware.base import BaseHTTPMiddleware

from bus import problems

Next = Callable[[Request], Awaitable[Response]]
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})
MAX_BODY_BYTES = 1_000_000


def build_app(routers: Sequence[APIRouter], *, hosts: Sequence[str] = (), token: str | None = None) -> FastAPI:
    """`hosts`: names besides loopback's by which clients may call. `token`: required if given, but for /healthz."""
    app = FastAPI(title="minuet", docs_url=None, redoc_url=None)
    problems.install(app)
    for router in routers:
        app.include_router(router)
    allowed = LOOPBACK | set(hosts)

    async def guard(request: Request, call_next: Next) -> Response:
        refusal = refuse(request, allowed, token)
        return refusal if refusal is not None else await call_next(request)

    app.add_middleware(BaseHTTPMiddleware, dispatch=guard)
    return app


def refuse(request: Request, allowed: frozenset[str], token: str | None) -> Response | None:
    """A page in a browser must not reach us by a foreign name (DNS rebinding) or origin (CSRF)."""
    if host_name(request.headers.get("host", "")) not in allowed:
        return problems.problem(421, "unexpected Host: call by the name or address that the server was started with")
    origin = request.headers.get("origin")
    if origin is not None and (urlsplit(origin).hostname or "") not in allowed:
        return problems.problem(403, "unexpected Origin: requests of other sites' pages are refused")
    if token is not None and request.url.path != "/healthz" and not bears(request, token):
        return problems.problem(401, "send the header `Authorization: Bearer` with the value of MINUET_API_TOKEN")
    return refuse_body(request)


def refuse_body(request: Request) -> Response | None:
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_BODY_BYTES:
        return problems.problem(413, f"a body may have at most {MAX_BODY_BYTES} bytes")
    has_body = length != "0" or "transfer-encoding" in request.headers
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if has_body and media_type != "application/json":
        return problems.problem(415, "the body must be JSON, with `Content-Type: application/json`")
    return None


def host_name(host: str) -> str:
    return host if host.count(":") > 1 and not host.endswith("]") and "]" not in host else strip_port(host)


def strip_port(host: str) -> str:
    return host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]


def bears(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and secrets.compare_digest(given.encode(), token.encode())
