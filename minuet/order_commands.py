"""`minuet order`: place, show, list and cancel orders of a running system."""

from typing import Annotated, Any
from uuid import uuid4

import typer

from minuet.client import Client, fail, settings_or_fail

app = typer.Typer(no_args_is_help=True, help="Orders of a running system.")

DEFAULT_URL = "http://127.0.0.1:8080"
Url = Annotated[str, typer.Option(envvar="MINUET_URL", help="where the system listens; may hold {service} and {port}")]


@app.command()
def place(
    customer: Annotated[str, typer.Option()],
    item: Annotated[list[str], typer.Option(metavar="SKU:QTY")],
    pay: Annotated[str, typer.Option(metavar="card:TOKEN|invoice")] = "card:tok_ok",
    url: Url = DEFAULT_URL,
) -> None:
    """Place an order."""
    body = {"customer_id": customer, "items": [parse_item(text) for text in item], "payment": parse_payment(pay)}
    order = client(url).post("order", "/orders", body, key=str(uuid4()))
    typer.echo(f"{order['order_id']}  {order['state']}  {money(order['total'])}")


@app.command()
def show(order_id: str, url: Url = DEFAULT_URL) -> None:
    """Everything about one order: where it is, how it came there, what it waits for."""
    order = client(url).get("order", f"/orders/{order_id}")
    typer.echo(f"{order['order_id']}  {order['state']}  {money(order['total'])}  {order['reason'] or ''}".rstrip())
    for step in order["history"]:
        sent = f"  → {', '.join(step['sent'])}" if step["sent"] else ""
        typer.echo(f"  {step['at'][:16]}  {step['from']} → {step['to']}  because {step['because']}{sent}")
    for deadline in order["deadlines"]:
        typer.echo(f"  waits until {deadline['due_at'][:16]}  ({deadline['name']})")
    for undo in order["undo"]:
        typer.echo(f"  would be undone by {undo['undo']}  ({undo['status']})")


@app.command("list")
def list_orders(state: str | None = None, url: Url = DEFAULT_URL) -> None:
    """All orders, oldest first."""
    after: str | None = None
    while True:
        page = client(url).get("order", "/orders", state=state, after=after, limit=200)
        for order in page["items"]:
            typer.echo(f"{order['order_id']}  {order['state']:<24} {money(order['total']):>14}  {order['customer_id']}")
        after = page["next"]
        if after is None:
            return


@app.command()
def cancel(order_id: str, url: Url = DEFAULT_URL) -> None:
    """Ask for an order to be cancelled."""
    typer.echo(f"{order_id}  {client(url).post('order', f'/orders/{order_id}/cancel')['state']}")


def client(url: str) -> Client:
    return Client(url, settings_or_fail().api_token)


def parse_item(text: str) -> dict[str, Any]:
    sku, _, quantity = text.rpartition(":")
    if not sku or not quantity.isdigit():
        fail(f"--item {text!r} is not SKU:QTY, e.g. TEAPOT:1")
    return {"sku": sku, "quantity": int(quantity)}


def parse_payment(text: str) -> dict[str, Any]:
    method, _, token = text.partition(":")
    if text != "invoice" and (method != "card" or not token):
        fail(f"--pay {text!r} is neither `invoice` nor `card:TOKEN`, e.g. card:tok_ok")
    return {"method": "card", "token": token} if token else {"method": "invoice"}


def money(value: dict[str, Any]) -> str:
    return f"{value['amount'] / 100:.2f} {value['currency']}"
