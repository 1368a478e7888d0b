"""Errors over HTTP as problem documents (RFC 9457)."""

from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from bus.errors import Refused, Unavailable


def problem(status: int, detail: str, **more: Any) -> JSONResponse:
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(document, status, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Every error of `app` becomes a problem document that says what is wrong, and nothing of our insides."""

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        return problem(error.status, error.detail)

    @app.exception_handler(Unavailable)
    async def unavailable(_: Request, __: Unavailable) -> JSONResponse:
        return problem(503, "the database is away; try again, with the same Idempotency-Key if the request has one")

    @app.exception_handler(sa.exc.DataError)
    async def not_storable(_: Request, __: sa.exc.DataError) -> JSONResponse:
        return problem(422, "a value cannot be stored: a number is too large, or a text contains the character NUL")

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [{"where": ".".join(str(part) for part in e["loc"]), "what": e["msg"]} for e in error.errors()]
        return problem(422, "; ".join(f"{e['where']}: {e['what']}" for e in errors), errors=errors)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail))

    @app.exception_handler(Exception)
    async def unexpected(_: Request, __: Exception) -> JSONResponse:
        return problem(500, "unexpected error; it is in the log")
