"""What is asked of a delivery at the door, before anything of it is handled."""

from bus.envelope import Envelope
from bus.errors import Poison
from bus.transport import Delivery

MAX_BODY_BYTES = 1_000_000  # checked before parsing


def inspect(delivery: Delivery) -> None:
    """Raises Poison, with what is wrong: it cannot be read, is too large, or contradicts itself."""
    if delivery.flaw:
        raise Poison(delivery.flaw)
    if len(delivery.body) > MAX_BODY_BYTES:
        has = f"it has {len(delivery.body)}, of which the beginning is kept"
        raise Poison(f"body larger than {MAX_BODY_BYTES} bytes: {has}")
    headers = {name.lower(): value for name, value in delivery.headers.items()}
    if len(headers) < len(delivery.headers):
        raise Poison("a header is there twice: names do not differ by upper and lower case")
    for name, said in delivery.properties.items():
        if name == "content-type":
            require_json(said)
        elif headers.get(name, said) != said:
            raise Poison(f"the message's property says {said!r}, its header {name} says {headers[name]!r}")


def require_json(content_type: str) -> None:
    if content_type.split(";")[0].strip().lower() != "application/json":
        raise Poison(f"content type {content_type!r} is not understood, only application/json")


def require_genuine(envelope: Envelope, delivery: Delivery, service: str) -> None:
    """Raises Poison for a forgery. Where nobody vouches for the origin of messages, nothing can be said.

    Under its own name a message comes by its owner's exchange alone, to which the broker lets the right ones write: its
    owner, if it is an event, and those who send it, if it is a command. An event also bears its owner's user.
    """
    origin = delivery.origin
    if origin is None:
        return
    owner = envelope.type.partition(".")[0]
    if origin.address != envelope.type:
        raise Poison(f"forged: it was published as {origin.address!r}, and says that it is {envelope.type!r}")
    if owner not in (service, origin.user):
        raise Poison(f"forged: what {owner} says is published by the user {owner!r}, this was by {origin.user!r}")
