"""`minuet flow`: what a flow is, printed from what was built."""

from collections.abc import Callable

import typer

from minuet.client import fail
from order_service.flow import order_flow
from payment_service.flow import payment_flow
from payment_service.invoice_flow import invoice_flow
from saga import printing
from saga.flow import Flow

app = typer.Typer(no_args_is_help=True, help="Print a flow: its table, its matrix, its diagram.")
FLOWS = {"order": order_flow, "payment": payment_flow, "invoice": invoice_flow}


@app.command()
def table(flow: str = typer.Argument("order")) -> None:
    """The rows: while, when, becomes, sends and how it is undone (Markdown)."""
    show(printing.table, flow)


@app.command()
def matrix(flow: str = typer.Argument("order")) -> None:
    """Every pair of state and message, and what is decided about it (Markdown)."""
    show(printing.matrix, flow)


@app.command()
def diagram(flow: str = typer.Argument("order")) -> None:
    """Every transition between states (Mermaid)."""
    show(printing.diagram, flow)


def show(how: Callable[[Flow], str], name: str) -> None:
    if name not in FLOWS:
        fail(f"there is no flow {name!r}; there are {', '.join(FLOWS)}")
    typer.echo(how(FLOWS[name]))
