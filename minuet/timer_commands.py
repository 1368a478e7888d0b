"""`minuet timers`: what will go off by itself."""

from typing import Annotated, Any

import typer

from minuet import operator_options as options
from minuet.operator_options import Author, Reason, ServiceName
from minuet.order_commands import DEFAULT_URL, Url

app = typer.Typer(no_args_is_help=True, help="Timers of a running system: deadlines, retries, reminders.")


@app.command("list")
def list_timers(
    subject: Annotated[str | None, typer.Option(help="e.g. an order's id")] = None,
    name: Annotated[str | None, typer.Option(help="e.g. 'price guarantee'")] = None,
    service: ServiceName = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Armed timers, the next first."""
    for timer in options.pages(url, service, "/timers", subject=subject, name=name):
        what = f"{timer['name']} of {timer['subject']}" + (f"  ({timer['wakes']})" if timer["wakes"] else "")
        options.say(f"{timer['id']}  {timer['due_at'][:16]}  {timer['service']:<10} {what}")


@app.command()
def postpone(
    timer_id: str,
    days: Annotated[float | None, typer.Option(help="by so many days")] = None,
    seconds: Annotated[float | None, typer.Option(help="by so many seconds")] = None,
    due_at: Annotated[str | None, typer.Option(help="to this time, e.g. 2026-03-31T12:00:00Z")] = None,
    author: Author = None,
    reason: Reason = None,
    service: ServiceName = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Let it go off later: by --days or --seconds from when it is due, or at --due-at."""
    body = options.instruction(author, reason, days=days, seconds=seconds, due_at=due_at)
    tell(options.post(url, service, f"/timers/{timer_id}/postpone", body))


@app.command()
def fire(
    timer_id: str, author: Author = None, reason: Reason = None, service: ServiceName = None, url: Url = DEFAULT_URL
) -> None:
    """Let it go off now."""
    tell(options.post(url, service, f"/timers/{timer_id}/fire", options.instruction(author, reason)))


@app.command()
def cancel(
    timer_id: str, author: Author = None, reason: Reason = None, service: ServiceName = None, url: Url = DEFAULT_URL
) -> None:
    """Let it never go off. Refused for a flow's only deadline."""
    tell(options.post(url, service, f"/timers/{timer_id}/cancel", options.instruction(author, reason)))


def tell(timer: dict[str, Any]) -> None:
    cause = f": {timer['cause']}" if timer["state"] == "failed" else ""
    typer.echo(
        f"{timer['id']}  {timer['name']} of {timer['subject']}, due {timer['due_at'][:16]}: {timer['state']}{cause}"
    )
