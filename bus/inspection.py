"""What is asked of a delivery before it is read, whoever sent it."""

from bus.errors import Poison
from bus.transport import Delivery

REPEATED = ("ce-id", "ce-type", "ce-source", "ce-correlationid", "ce-causationid", "traceparent")
LONGEST_BYTES = 255  # what we say again has to fit a short string of AMQP, and an index


def inspect(delivery: Delivery) -> None:
    """Raises Poison, with what is wrong."""
    headers = {name.lower(): value for name, value in delivery.headers.items()}
    for name, said in delivery.properties.items():
        if name == "content-type":
            require_json(said)
        elif headers.get(name, said) != said:
            raise Poison(f"the message's property says {said!r}, its header {name} says {headers[name]!r}")
    for name, value in headers.items():
        if name in REPEATED and isinstance(value, str) and len(value.encode(errors="replace")) > LONGEST_BYTES:
            raise Poison(f"header {name} is longer than {LONGEST_BYTES} bytes")


def require_json(content_type: str) -> None:
    if content_type.split(";")[0].strip().lower() != "application/json":
        raise Poison(f"content type {content_type!r} is not understood, only application/json")
