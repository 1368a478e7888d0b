"""What the inventory service hears from shipping: its own view of shipping's words."""

from bus.message import Event
from inventory_service.messages import Text


class GoodsShipped(Event, owner="shipping", key="reference"):
    reference: Text
