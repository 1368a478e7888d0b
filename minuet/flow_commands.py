"""`minuet flow`: what a flow is, printed from what was built, and the migration of what is under way in it."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import typer

from minuet import operator_options as options
from minuet.client import fail
from minuet.operator_options import Author, Reason
from minuet.order_commands import DEFAULT_URL, Url, client
from order_service.flow import order_flow
from payment_service.flow import payment_flow
from payment_service.invoice_flow import invoice_flow
from saga import printing
from saga.flow import Flow

app = typer.Typer(no_args_is_help=True, help="Print a flow: its table, its matrix, its diagram. Migrate its instances.")
FLOWS = {"order": order_flow, "payment": payment_flow, "invoice": invoice_flow}
SERVICES = {"order": "order", "payment": "payment", "invoice": "payment"}  # whose the flow is

Name = Annotated[str, typer.Argument(metavar="[FLOW]")]
Revision = Annotated[int | None, typer.Option(help="an earlier one that is known; default: the newest")]


@app.command()
def table(flow: Name = "order", revision: Revision = None) -> None:
    """The rows: while, when, becomes, sends and how it is undone (Markdown)."""
    show(printing.table, flow, revision)


@app.command()
def matrix(flow: Name = "order", revision: Revision = None) -> None:
    """Every pair of state and message, and what is decided about it (Markdown)."""
    show(printing.matrix, flow, revision)


@app.command()
def diagram(flow: Name = "order", revision: Revision = None) -> None:
    """Every transition between states (Mermaid)."""
    show(printing.diagram, flow, revision)


@app.command()
def migrate(
    flow: Annotated[str | None, typer.Argument(metavar="[FLOW]", help="default: all")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="tell what would become of each, and do nothing")] = False,
    batch: Annotated[int, typer.Option(min=1, max=500, help="so many in one transaction")] = 100,
    author: Author = None,
    reason: Reason = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Migrate what is under way to the newest revision of its flow. Exit code 1 if any is refused."""
    outcomes: Counter[str] = Counter()
    for name in FLOWS if flow is None else [known(flow).name]:
        for item in batches(url, name, dry_run, options.instruction(author, reason, limit=batch)):
            outcomes[item["outcome"]] += 1
            options.say(line(name, item))
    typer.echo(total(outcomes, dry_run))
    raise typer.Exit(1 if outcomes["refused"] else 0)


def show(how: Callable[[Flow], str], name: str, revision: int | None) -> None:
    revisions = known(name).revisions
    if revision is not None and revision not in revisions:
        fail(f"there is no revision {revision} of {name}; there are {', '.join(map(str, sorted(revisions)))}")
    typer.echo(how(revisions[revision or max(revisions)]))


def known(name: str) -> Flow:
    if name not in FLOWS:
        fail(f"there is no flow {name!r}; there are {', '.join(FLOWS)}")
    return FLOWS[name]


def batches(url: str, flow: str, dry_run: bool, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every instance of an earlier revision that is under way, and what becomes of it."""
    service, path = SERVICES[flow], f"/flows/{flow}/migration"
    after: str | None = None
    while True:
        if dry_run:
            answer = client(url).get(service, path, limit=body["limit"], after=after)
        else:
            answer = client(url).post(service, path, {**body, "after": after})
        yield from answer["items"]
        after = answer["next"]
        if after is None:
            return


def line(flow: str, item: dict[str, Any]) -> str:
    came, goes = item["from"], item["to"]
    what = f"{flow} {item['instance_id']}: {came['state']} of revision {came['revision']}"
    match item["outcome"]:
        case "refused":
            return f"{what} is refused: {item['refused']}"
        case "stays":
            return f"{what} stays"
        case _:
            return f"{what} → {goes['state']} of revision {goes['revision']}"


def total(outcomes: Counter[str], dry_run: bool) -> str:
    migrate = "would be migrated" if dry_run else "migrated"
    return f"{outcomes['migrates']} {migrate}, {outcomes['stays']} stay, {outcomes['refused']} refused"
