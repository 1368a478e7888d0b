"""What is asked of a delivery before it is read: that its transport's own properties do not contradict its headers."""

from bus.errors import Poison
from bus.transport import Delivery


def inspect(delivery: Delivery) -> None:
    """Raises Poison, with what is wrong. A property that is not there contradicts nothing."""
    headers = {name.lower(): value for name, value in delivery.headers.items()}
    for name, said in delivery.properties.items():
        if name == "content-type":
            require_json(said)
        elif headers.get(name, said) != said:
            raise Poison(f"the message's property says {said!r}, its header {name} says {headers[name]!r}")


def require_json(content_type: str) -> None:
    if content_type.split(";")[0].strip().lower() != "application/json":
        raise Poison(f"content type {content_type!r} is not understood, only application/json")
