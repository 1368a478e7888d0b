"""The command line: `minuet COMMAND`. Every command has --help."""

import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import structlog
import typer
import uvloop
from rich.console import Console

from bus.errors import Unavailable, Unfit
from minuet import (
    dead_commands,
    flow_commands,
    logs,
    order_commands,
    seeding,
    services,
    timer_commands,
    topology_command,
)
from minuet.client import Client, fail, settings_or_fail
from minuet.creating import NoDatabase
from minuet.demo.playing import play
from minuet.folder import FolderInUse
from minuet.listening import NotLoopback, PortTaken
from minuet.migrations import InUse, UnknownRevision, migrate_all
from minuet.up import up as serve

T = TypeVar("T")
SWITCH_SECONDS = 0.0005  # a thread that has its answer from the database waits no longer for the one that speaks AMQP
EXPECTED = (
    services.UnknownService,
    NotLoopback,
    PortTaken,
    FolderInUse,
    NoDatabase,
    UnknownRevision,
    Unfit,
    ValueError,
    OSError,
)

log = structlog.get_logger()

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
app.add_typer(order_commands.app, name="order")
app.add_typer(flow_commands.app, name="flow")
app.add_typer(timer_commands.app, name="timers")
app.add_typer(dead_commands.app, name="dead")
app.command("topology")(topology_command.command)

Names = Annotated[list[str] | None, typer.Argument(metavar="[SERVICE]...")]
Clock = Annotated[str | None, typer.Option(help="real | accelerated:FACTOR@START; default: MINUET_CLOCK")]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="default: 8080 for all, else the service's own")]


@app.command()
def demo() -> None:
    """Play the scenario orders on a fast clock, and check how each ends."""
    raise typer.Exit(0 if run(play()) else 1)


@app.command()
def up(names: Names = None, host: str = "127.0.0.1", port: Port = None, clock: Clock = None) -> None:
    """Run these services in this process, or all and the sandbox gateway, until Ctrl-C."""
    settings = settings_or_fail()
    logs.configure(settings)
    try:
        chosen = services.chosen(names or ())
        at = services.port_of(names or ()) if port is None else port
        run(serve(settings if clock is None else settings.model_copy(update={"clock": clock}), chosen, host, at))
    except EXPECTED as error:
        fail(str(error))
    except Exception:
        log.exception("stopped by what was not expected")
        raise typer.Exit(1) from None


@app.command()
def migrate(names: Names = None) -> None:
    """Create or upgrade the databases."""
    try:
        for line in migrate_all(settings_or_fail(), names):
            typer.echo(line)
    except (services.UnknownService, NoDatabase, UnknownRevision, InUse) as error:
        fail(str(error))
    except Unavailable as error:
        fail(f"the database cannot be reached, check MINUET_DATABASE_URL: {error}")


@app.command()
def seed(url: order_commands.Url = order_commands.DEFAULT_URL) -> None:
    """Put demo customers, catalogue and stock into a running system."""
    client = Client(url, settings_or_fail().api_token)
    for service, path, body in seeding.puts():
        client.put(service, path, body)
    typer.echo(f"customers {', '.join(seeding.CUSTOMERS)}; skus {', '.join(seeding.CATALOGUE)}")


@app.command()
def simulate(
    seeds: Annotated[int | None, typer.Option(min=1, help="how many runs; default: 100, or 1000 a planted bug")] = None,
    first_seed: Annotated[int, typer.Option(help="the seed of the first")] = 1,
    seed: Annotated[int | None, typer.Option(help="one run, told step by step")] = None,
    orders: Annotated[int, typer.Option(min=1, help="in each run")] = 20,
    faults: Annotated[str, typer.Option(help="all | none | NAME,...")] = "all",
    planted: Annotated[
        bool, typer.Option("--planted", help="with each bug of the catalogue, until it is caught")
    ] = False,
    write: Annotated[Path | None, typer.Option(help="with --planted: the document of what caught what")] = None,
) -> None:
    """Let whole shops live through years of faults on a virtual clock, and check that the books balance."""
    from minuet.simulation import command  # only here: no other command needs it
    from minuet.simulation.faults import UnknownFault, kinds_of
    from minuet.simulation.planted.command import hunt_planted

    try:
        kinds = kinds_of(faults)
    except UnknownFault as error:
        fail(str(error))
    if planted and (seed is not None or first_seed != 1 or faults != "all"):
        fail("--planted goes through seeds from 1 on, with all faults: give it --seeds, --orders and --write alone")
    if write is not None and not planted:
        fail("--write is for --planted")
    if seed is not None and (seeds is not None or first_seed != 1):
        fail("--seed is one run, told step by step: leave --seeds and --first-seed out, or --seed")
    console = Console()
    if planted:
        held = hunt_planted(console, seeds or 1000, orders, write)
    elif seed is not None:
        held = command.simulate_one(console, seed, orders, kinds)
    else:
        held = command.simulate_many(console, first_seed, seeds or 100, orders, kinds)
    raise typer.Exit(0 if held else 1)


def run(main: Coroutine[Any, Any, T]) -> T:
    sys.setswitchinterval(SWITCH_SECONDS)
    return uvloop.run(main)
