"""Message in, messages out: everything is decided by the order flow's table."""

from order_service.flow import order_flow
from order_service.models import Orders, ShopStore
from saga.keeping import Keeper, handlers

ORDERS = Keeper(order_flow, Orders, facts=ShopStore)

HANDLERS = handlers(ORDERS)
