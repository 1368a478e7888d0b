"""Which transport carries the messages: the one place that knows them all."""

from collections.abc import Callable

from bus.activity import Activity
from bus.clock import Clock
from bus.database import Database
from bus.transport import Transport
from bus.transports.sql import SqlTransport
from minuet.settings import Settings


def open_transport(
    settings: Settings, databases: Callable[[str], Database], clock: Clock, activity: Activity
) -> Transport:
    """Nothing is connected yet. The sql transport lives in a database of its own, that of `bus`."""
    if settings.amqp_url is not None and settings.transport == "rabbitmq":
        return rabbitmq(settings.amqp_url)
    return SqlTransport(databases("bus"), clock.machine, activity)


def rabbitmq(url: str) -> Transport:
    """Loaded late: only who has a broker needs its client."""
    from bus.transports.rabbitmq import RabbitTransport

    return RabbitTransport(url)
