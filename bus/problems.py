"""Errors over HTTP as problem documents (RFC 9457)."""

from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from bus.errors import Conflict, NotYet, Refused, Unavailable
from bus.flaws import MOST, flaws, sentence

SOON_SECONDS = "1"
AGAIN = "try again, with the same Idempotency-Key if the request has one"


def problem(status: int, detail: str, **more: Any) -> JSONResponse:
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(document, status, media_type="application/problem+json")


def not_now(why: str) -> JSONResponse:
    """Nobody's fault, and over soon."""
    answer = problem(503, f"{why}; {AGAIN}")
    answer.headers["Retry-After"] = SOON_SECONDS
    return answer


def methods(request: Request) -> list[str]:
    """All that there are for its path (RFC 9110, 15.5.6): the router names those of the first route that fits."""
    paths = request.app.openapi()["paths"].items()
    fitting = [operations for path, operations in paths if compile_path(path)[0].match(request.url.path)]
    return sorted({method.upper() for operations in fitting for method in operations})


def install(app: FastAPI) -> None:
    """Every error of `app` becomes a problem document that says what is wrong, and nothing of our insides."""

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        return problem(error.status, error.detail)

    @app.exception_handler(Unavailable)
    async def unavailable(_: Request, __: Unavailable) -> JSONResponse:
        return not_now("the database is away")

    @app.exception_handler(Conflict)
    async def contended(_: Request, __: Conflict) -> JSONResponse:
        return not_now("others are changing the same just now, and nothing was done")

    @app.exception_handler(NotYet)
    async def too_early(_: Request, error: NotYet) -> JSONResponse:
        return not_now(str(error))

    @app.exception_handler(sa.exc.DataError)
    async def not_storable(_: Request, __: sa.exc.DataError) -> JSONResponse:
        return problem(422, "a value cannot be stored: a number is too large, or a text contains the character NUL")

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        found = error.errors()
        return problem(422, sentence(found), errors=flaws(found[:MOST]))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 400 and error.__cause__ is not None:  # whatever hostile JSON can raise
            return problem(400, "the body cannot be read: it is nested too deeply, or a number has too many digits")
        answer = problem(error.status_code, str(error.detail))
        if error.status_code == 405:
            answer.headers["Allow"] = ", ".join(methods(request))
        return answer

    @app.exception_handler(Exception)
    async def unexpected(_: Request, __: Exception) -> JSONResponse:
        return problem(500, "unexpected error; it is in the log")
