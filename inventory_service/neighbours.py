"""What the inventory service hears from shipping: its own view of shipping's words."""

from bus.message import Event


class GoodsShipped(Event, owner="shipping", key="reference"):
    reference: str
