"""From what the transport delivered to what a service can handle, whatever it is."""

from bus.envelope import Envelope
from bus.errors import Poison
from bus.ids import derived
from bus.inbox import Inbox
from bus.incoming import Incoming, decode
from bus.inspection import MAX_BODY_BYTES, inspect, require_genuine
from bus.message import Command, Event
from bus.service import Service
from bus.transport import Delivery
from bus.unreadable import Unreadable, unreadable


def open_delivery(service: Service, delivery: Delivery) -> Incoming:
    """Never raises: what cannot be understood comes out as poison, with the reason."""
    incoming = decode(service, envelope_of(delivery, service.name), Inbox())
    if incoming.message is None or isinstance(incoming.message, Command | Event):
        return incoming
    return decode(service, refused(delivery, f"{incoming.envelope.type} is only said within {service.name}"), Inbox())


def envelope_of(delivery: Delivery, service: str) -> Envelope:
    try:
        inspect(delivery)
        envelope = Envelope.parse(delivery.headers, delivery.body)
        require_genuine(envelope, delivery, service)
    except Poison as poison:
        return refused(delivery, str(poison))
    return envelope


def refused(delivery: Delivery, why: str) -> Unreadable:
    """Refused at the door: for good, as a redrive comes by no door, and under no id that somebody else may have."""
    return unreadable(name_of(delivery), delivery.headers, delivery.body[:MAX_BODY_BYTES], why)


def name_of(delivery: Delivery) -> str:
    """It depends on the content, so a redelivery is the same letter."""
    text = sorted((name, value) for name, value in delivery.headers.items() if isinstance(value, str))
    return str(derived(delivery.queue, ascii(text), delivery.body.hex()))
