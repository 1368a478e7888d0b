"""RabbitMQ: quorum queues, publisher confirms, an exchange per service for events and one for commands.

Publishing and consuming have connections of their own: a broker that is short of memory blocks those that publish. A
connection is made when it is needed and made anew when it was lost; there is nothing in between. Whoever waits on a
lost one is told Unavailable and comes again.
"""

from bus.transports.rabbitmq.transport import RabbitTransport

__all__ = ["RabbitTransport"]
