"""The next revision of each flow: states under other names, a deadline more."""

from minuet.simulation.upgrading import Upgrade
from order_service import flow as orders
from order_service.flow import order_flow
from order_service.handlers import ORDERS
from payment_service import flow as payments
from payment_service.flow import payment_flow
from payment_service.handlers import INVOICES, PAYMENTS
from payment_service.invoice_flow import invoice_flow, open_
from saga.flow import Flow
from saga.row import Row, after, stays
from saga.state import Kind, State
from tests.saga.next_revision import next_revision

collecting_goods, at_call_centre = State("collecting_goods"), State("at_call_centre")

ORDER_NAMES = {
    orders.awaiting_payment: State("awaiting_money"),
    orders.withdrawing_for_price: State("withdrawing_payment", "old_price"),
    orders.awaiting_goods: collecting_goods,
    orders.compensating: State("undoing"),
}
PAYMENT_NAMES = {
    payments.in_clearing: at_call_centre,
    payments.waiting_for_gateway: State("gateway_away"),
    payments.charging_cancel: State("charging", "called_off"),
    payments.unsure_both: State("unsure", "not_wanted"),
}
order_flow_2 = next_revision(
    order_flow, ORDER_NAMES, first=[Row(collecting_goods, after("goods are slow", hours=30), stays)]
)
payment_flow_2 = next_revision(
    payment_flow, PAYMENT_NAMES, first=[Row(at_call_centre, after("last call", days=10), stays)]
)
invoice_flow_2 = next_revision(invoice_flow, {}, first=[Row(open_, after("courtesy call", days=3), stays)])


def of_orders(state: str | None = None) -> Upgrade:
    return Upgrade("order", ORDERS, order_flow_2, state)


def of_payments(state: str | None = None) -> Upgrade:
    return Upgrade("payment", PAYMENTS, payment_flow_2, state)


def of_invoices(state: str | None = None) -> Upgrade:
    return Upgrade("payment", INVOICES, invoice_flow_2, state)


def live(flow: Flow) -> list[str]:
    """What instances can be in that are under way and have begun."""
    return [state.label for state in flow.states if state.kind not in (Kind.START, Kind.END)]
