"""The services' users on RabbitMQ, with least privilege. AMQP cannot manage users: the broker's management API can."""

import secrets
import shlex
from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote, urlsplit

import httpx

from bus.errors import Unavailable
from bus.permissions import Permissions, permissions
from bus.transport import Binding
from minuet.topology import of_all

TIMEOUT_SECONDS = 10.0


def needed() -> list[Permissions]:
    return [
        permissions(service.name, service.bindings(), [Binding(cls.wire_name, True) for cls in service.commands])
        for service in of_all()
    ]


def lines(wanted: Iterable[Permissions]) -> Iterator[str]:
    for one in wanted:
        for right, names in (("configure", one.configure), ("write", one.write), ("read", one.read)):
            yield f"user      {one.user:<20}  may {right:<9}  {names}"
        yield f"user      {one.user:<20}  may publish to {one.events} only {one.words}"


def by_hand(wanted: Iterable[Permissions], amqp_url: str) -> Iterator[str]:
    """What does the same where there is no management API; `add_user` asks for a password."""
    vhost = vhost_of(amqp_url)
    for one in wanted:
        yield shlex.join(["rabbitmqctl", "add_user", one.user])
        yield shlex.join(["rabbitmqctl", "set_permissions", "-p", vhost, one.user, one.configure, one.write, one.read])
        yield shlex.join(
            ["rabbitmqctl", "set_topic_permissions", "-p", vhost, one.user, one.events, one.words, one.words]
        )


async def apply(wanted: Iterable[Permissions], management_url: str, amqp_url: str) -> list[str]:
    """A user who is there keeps the password. Returns the AMQP URLs, with theirs, of those made now.

    Raises Unavailable, also if the management API refuses.
    """
    vhost = vhost_of(amqp_url)
    made = []
    async with client_of(management_url, amqp_url) as client:
        for one in wanted:
            if (await ask(client, "GET", f"/users/{one.user}")).status_code == 404:
                password = secrets.token_urlsafe(24)
                await ask(client, "PUT", f"/users/{one.user}", {"password": password, "tags": ""})
                made.append(url_of(amqp_url, one.user, password))
            at = f"{quote(vhost, safe='')}/{one.user}"
            rights = {"configure": one.configure, "write": one.write, "read": one.read}
            await ask(client, "PUT", f"/permissions/{at}", rights)
            topic = {"exchange": one.events, "write": one.words, "read": one.words}
            await ask(client, "PUT", f"/topic-permissions/{at}", topic)
    return made


def client_of(management_url: str, amqp_url: str) -> httpx.AsyncClient:
    """An administrator's: named in the management URL, or else the one of the AMQP URL."""
    management = urlsplit(management_url)
    who = management if management.username else urlsplit(amqp_url)
    auth = unquote(who.username or "guest"), unquote(who.password or "guest")
    base = management._replace(netloc=management.netloc.rpartition("@")[2]).geturl().rstrip("/")
    return httpx.AsyncClient(base_url=f"{base}/api", auth=auth, timeout=TIMEOUT_SECONDS)


async def ask(client: httpx.AsyncClient, method: str, path: str, body: dict[str, str] | None = None) -> httpx.Response:
    try:
        answer = await client.request(method, path, json=body)
    except httpx.HTTPError as error:
        raise Unavailable(f"the management API: {type(error).__name__}: {error}") from error
    if not answer.is_success and not (method == "GET" and answer.status_code == 404):
        raise Unavailable(f"the management API answers {answer.status_code} to {method} {path}: {answer.text[:200]}")
    return answer


def url_of(amqp_url: str, user: str, password: str) -> str:
    there = urlsplit(amqp_url)
    return there._replace(netloc=f"{user}:{password}@{there.netloc.rpartition('@')[2]}").geturl()


def vhost_of(amqp_url: str) -> str:
    return unquote(urlsplit(amqp_url).path[1:]) or "/"
