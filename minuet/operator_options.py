"""What the operators' commands have in common: who, why, and which service."""

import getpass
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from minuet.client import fail
from minuet.order_commands import client
from minuet.services import NAMES

Author = Annotated[str | None, typer.Option(help="who does this; default: your login name")]
Reason = Annotated[str | None, typer.Option(help="why; it is kept in the audit")]
ServiceName = Annotated[str | None, typer.Option("--service", help="which service; needed where they listen apart")]


def instruction(author: str | None, reason: str | None, **more: Any) -> dict[str, Any]:
    given = {"author": author or login_name(), "reason": reason, **more}
    return {name: value for name, value in given.items() if value is not None}


def login_name() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may have none
        return None


def say(line: str) -> None:
    """What strangers sent may hold control characters; a terminal must not obey them."""
    typer.echo("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line))


def pages(url: str, service: str | None, path: str, **query: Any) -> Iterator[dict[str, Any]]:
    """Every item of a list, of one service or all."""
    for name in names(url, service):
        after: str | None = None
        while True:
            page = client(url).get(name, path, **query, after=after, limit=200)
            yield from (item for item in page["items"] if service in (None, item["service"]))
            after = page["next"]
            if after is None:
                break


def names(url: str, service: str | None) -> tuple[str, ...]:
    """The services to ask: where they listen together, one answers for all."""
    if service is not None:
        return (service,)
    return NAMES if listen_apart(url) else NAMES[:1]


def listen_apart(url: str) -> bool:
    return "{service}" in url or "{port}" in url


def get(url: str, service: str | None, path: str) -> dict[str, Any]:
    answer: dict[str, Any] = client(url).get(whose(url, service), path)
    return answer


def post(url: str, service: str | None, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = client(url).post(whose(url, service), path, body)
    return answer


def whose(url: str, service: str | None) -> str:
    if service is None and listen_apart(url):
        fail(f"the services listen apart at {url}: say with --service whose it is; the lists tell")
    return service or NAMES[0]
