"""The command line: `minuet COMMAND`. Every command has --help."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from bus.errors import Unavailable
from minuet import flow_commands, order_commands, seeding, services
from minuet.client import Client, fail
from minuet.creating import NoDatabase
from minuet.demo.playing import play
from minuet.folder import FolderInUse
from minuet.migrations import migrate_all
from minuet.settings import Settings
from minuet.up import NotLoopback
from minuet.up import up as serve

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
app.add_typer(order_commands.app, name="order")
app.add_typer(flow_commands.app, name="flow")

Clock = Annotated[str | None, typer.Option(help="real | accelerated:FACTOR@START; default: MINUET_CLOCK")]


@app.command()
def demo() -> None:
    """Play the scenario orders on a fast clock, and check how each ends."""
    raise typer.Exit(0 if asyncio.run(play()) else 1)


@app.command()
def up(host: str = "127.0.0.1", port: int = 8080, clock: Clock = None) -> None:
    """Run all services in this process, data kept in .minuet/, until Ctrl-C."""
    settings = read_settings(clock)
    try:
        asyncio.run(serve(settings, host, port))
    except (NotLoopback, FolderInUse, NoDatabase, ValueError, OSError) as error:
        fail(str(error))


@app.command()
def migrate(names: Annotated[list[str] | None, typer.Argument(metavar="[SERVICE]...")] = None) -> None:
    """Create or upgrade the databases."""
    Path(".minuet").mkdir(exist_ok=True)
    try:
        for line in migrate_all(read_settings(None), names):
            typer.echo(line)
    except (services.UnknownService, NoDatabase) as error:
        fail(str(error))
    except Unavailable as error:
        fail(f"the database cannot be reached, check MINUET_DATABASE_URL: {error}")


@app.command()
def seed(url: order_commands.Url = order_commands.DEFAULT_URL) -> None:
    """Put demo customers, catalogue and stock into a running system."""
    client = Client(url, read_settings(None).api_token)
    for service, path, body in seeding.puts():
        client.put(service, path, body)
    typer.echo(f"customers {', '.join(seeding.CUSTOMERS)}; skus {', '.join(seeding.CATALOGUE)}")


def read_settings(clock: str | None) -> Settings:
    try:
        settings = Settings()
    except ValidationError as error:
        fail("; ".join(f"MINUET_{str(e['loc'][0]).upper()} {e['msg']}" for e in error.errors()))
    return settings if clock is None else settings.model_copy(update={"clock": clock})
