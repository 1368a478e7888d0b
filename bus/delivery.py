"""From what the transport delivered to what a service can handle, whatever it is."""

from bus.envelope import Envelope
from bus.errors import Poison
from bus.ids import derived
from bus.inbox import Inbox
from bus.incoming import Incoming, decode
from bus.inspection import inspect
from bus.service import Service
from bus.transport import Delivery

MAX_BODY_BYTES = 1_000_000  # checked before parsing


def open_delivery(service: Service, delivery: Delivery) -> Incoming:
    """Never raises: what cannot be understood comes out as poison, with the reason."""
    try:
        inspect(delivery)
        envelope = Envelope.parse(delivery.headers, delivery.body)
    except Poison as poison:
        return Incoming(nameless(delivery), Inbox(), poison=poison)
    if len(envelope.body) > MAX_BODY_BYTES:
        return Incoming(envelope, Inbox(), poison=Poison(f"body larger than {MAX_BODY_BYTES} bytes"))
    return decode(service, envelope, Inbox())


def nameless(delivery: Delivery) -> Envelope:
    """An envelope for what is not a CloudEvent. Its id depends on its content, so a redelivery is the same letter."""
    text = {name: value for name, value in delivery.headers.items() if isinstance(value, str)}
    return Envelope(
        id=str(derived(delivery.queue, sorted(text.items()), delivery.body.hex())),
        type=text.get("ce-type", "unknown"),
        source=text.get("ce-source", "unknown"),
        time=text.get("ce-time", ""),
        subject=text.get("ce-subject", ""),
        correlation_id=text.get("ce-correlationid", ""),
        causation_id=text.get("ce-causationid", ""),
        traceparent=text.get("traceparent", ""),
        body=delivery.body,
    )
