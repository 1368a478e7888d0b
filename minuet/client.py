"""The command line's view of a running system: an HTTP client that fails with a sentence."""

from typing import Any

import httpx
import typer


class Client:
    """`url` may hold `{service}`, for systems whose services listen apart."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, service: str, path: str, **query: Any) -> Any:
        return self._call("GET", service, path, params={k: v for k, v in query.items() if v is not None})

    def put(self, service: str, path: str, body: Any) -> Any:
        return self._call("PUT", service, path, json=body)

    def post(self, service: str, path: str, body: Any = None) -> Any:
        return self._call("POST", service, path, json=body)

    def _call(self, method: str, service: str, path: str, **more: Any) -> Any:
        url = self._url.replace("{service}", service)
        try:
            answer = httpx.request(method, url + path, headers=self._headers, timeout=10, **more)
        except httpx.HTTPError as error:
            fail(f"no minuet answers at {url} ({error}): start one with `minuet up`, or give --url")
        if answer.is_error:
            fail(sentence(answer))
        return answer.json()


def sentence(answer: httpx.Response) -> str:
    """What a problem document says, or else the status."""
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        return f"{answer.status_code}: {answer.json()['detail']}"
    return f"{answer.status_code} from {answer.request.url}"


def fail(why: str) -> Any:
    typer.echo(why, err=True)
    raise typer.Exit(1)
