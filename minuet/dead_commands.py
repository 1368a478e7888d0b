"""`minuet dead`: the messages that could not be handled."""

from typing import Annotated

import typer

from minuet import operator_options as options
from minuet.operator_options import Author, Reason, ServiceName
from minuet.order_commands import DEFAULT_URL, Url

app = typer.Typer(no_args_is_help=True, help="Dead letters of a running system: what could not be handled, and why.")

Status = Annotated[str | None, typer.Option(help="retrying | parked | redriven | discarded")]


@app.command("list")
def list_letters(status: Status = None, service: ServiceName = None, url: Url = DEFAULT_URL) -> None:
    """All dead letters, the oldest first."""
    for letter in options.pages(url, service, "/dead-letters", status=status):
        options.say(
            f"{letter['id']}  {letter['first_at'][:16]}  {letter['service']:<10} {letter['status']:<9} "
            f"{letter['attempts']:>2}x  {letter['type']}  {letter['cause']}"
        )


@app.command()
def show(letter_id: str, service: ServiceName = None, url: Url = DEFAULT_URL) -> None:
    """Everything about one dead letter, its headers and body as they arrived."""
    letter = options.get(url, service, f"/dead-letters/{letter_id}")
    headers = letter.pop("headers")
    body = letter.pop("body")
    for name, value in {**letter, **headers}.items():
        options.say(f"{name:<18} {value}")
    options.say(body)


@app.command()
def redrive(
    letter_id: str, author: Author = None, reason: Reason = None, service: ServiceName = None, url: Url = DEFAULT_URL
) -> None:
    """Try it again now."""
    tell(options.post(url, service, f"/dead-letters/{letter_id}/redrive", options.instruction(author, reason)))


@app.command()
def discard(
    letter_id: str, author: Author = None, reason: Reason = None, service: ServiceName = None, url: Url = DEFAULT_URL
) -> None:
    """Give it up: it counts as handled."""
    tell(options.post(url, service, f"/dead-letters/{letter_id}/discard", options.instruction(author, reason)))


def tell(letter: dict[str, str]) -> None:
    cause = "" if letter["status"] in ("redriven", "discarded") else f": {letter['cause']}"
    options.say(f"{letter['id']}  {letter['status']}{cause}")
