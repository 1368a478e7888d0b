"""From what the transport delivered to what a service can handle, whatever it is."""

from bus.envelope import Envelope
from bus.errors import Poison
from bus.ids import derived
from bus.inbox import Inbox
from bus.incoming import Incoming, decode
from bus.inspection import inspect
from bus.message import Command, Event
from bus.service import Service
from bus.transport import Delivery
from bus.unreadable import unreadable


def open_delivery(service: Service, delivery: Delivery) -> Incoming:
    """Never raises: what cannot be understood comes out as poison, with the reason."""
    incoming = decode(service, envelope_of(delivery), Inbox())
    if incoming.message is None or isinstance(incoming.message, Command | Event):
        return incoming
    poison = Poison(f"{incoming.envelope.type} is only said within {service.name}")
    return Incoming(incoming.envelope, Inbox(), poison=poison)


def envelope_of(delivery: Delivery) -> Envelope:
    try:
        inspect(delivery)
        return Envelope.parse(delivery.headers, delivery.body)
    except Poison as poison:
        return unreadable(name_of(delivery), delivery.headers, delivery.body, str(poison))


def name_of(delivery: Delivery) -> str:
    """An id for what is not a CloudEvent. It depends on the content, so a redelivery is the same letter."""
    text = sorted((name, value) for name, value in delivery.headers.items() if isinstance(value, str))
    return str(derived(delivery.queue, ascii(text), delivery.body.hex()))
