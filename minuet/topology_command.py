"""`minuet topology`: what the services need on RabbitMQ, printed and applied."""

import asyncio
from typing import Annotated

import typer

from bus.errors import Unavailable
from minuet import broker_users, topology
from minuet.client import fail, settings_or_fail
from minuet.settings import Settings

Apply = Annotated[bool, typer.Option("--apply", help="declare it on the RabbitMQ at MINUET_AMQP_URL")]
Permissions = Annotated[bool, typer.Option("--permissions", help="also a broker user for each service, and its rights")]


def command(apply: Apply = False, permissions: Permissions = False) -> None:
    """Print the exchanges, queues and bindings that the services need on RabbitMQ."""
    for line in topology.lines(topology.topologies()):
        typer.echo(line)
    if permissions:
        for line in broker_users.lines(broker_users.needed()):
            typer.echo(line)
    if apply:
        settings = settings_or_fail()
        if settings.amqp_url is None:
            fail("--apply needs MINUET_AMQP_URL, e.g. amqp://user:pass@127.0.0.1:5672/")
        declare(settings.amqp_url)
        if permissions:
            permit(settings, settings.amqp_url)


def declare(amqp_url: str) -> None:
    try:
        asyncio.run(topology.apply(amqp_url))
    except Unavailable as error:
        fail(f"not declared, check MINUET_AMQP_URL: {error}")


def permit(settings: Settings, amqp_url: str) -> None:
    """Exits with an error if they are not applied, so that no script goes on as if they were."""
    wanted = broker_users.needed()
    if settings.rabbitmq_management_url is None:
        for line in broker_users.by_hand(wanted, amqp_url):
            typer.echo(line)
        fail(
            "permissions are not applied, as users cannot be managed over AMQP: set MINUET_RABBITMQ_MANAGEMENT_URL, "
            "e.g. http://admin:pass@127.0.0.1:15672, or run the commands above on the broker's machine"
        )
    try:
        made = asyncio.run(broker_users.apply(wanted, settings.rabbitmq_management_url, amqp_url))
    except Unavailable as error:
        fail(f"permissions are not applied, check MINUET_RABBITMQ_MANAGEMENT_URL: {error}")
    for url in made:
        typer.echo(f"new user; start its service with MINUET_AMQP_URL={url}")
