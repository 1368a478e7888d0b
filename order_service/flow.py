"""The order flow: one table. Read it line by line: while, when, becomes; then the rule, and what is sent and undone.

Where two rows fit, the upper one counts. The states and rules are those of the source articles: payment is cleared over
weeks, a price is guaranteed for seven days, VIP customers pay later. Shipping is the pivot: before it everything can be
undone, after it the flow only goes forward.
"""

# ruff: noqa: E501 - the columns of the table are its meaning
from order_service.messages import CancelOrder, CloseOrder, DecidePrice, PlaceOrder, RetryOrder
from order_service.neighbours import (
    GoodsFetched,
    GoodsReleased,
    GoodsShipped,
    GoodsUnavailable,
    InvoiceCancelled,
    InvoiceDefaulted,
    InvoiceIssued,
    InvoicePaid,
    InvoiceReminded,
    PaymentCancelled,
    PaymentFailed,
    PaymentInClearing,
    PaymentReceived,
    PaymentRefunded,
    ShipmentCancellationRefused,
    ShipmentCancelled,
    ShipmentFailed,
)
from order_service.order import Order
from order_service.rules import (
    accept_quote,
    accepts_this_quote,
    answers_this_quote,
    because,
    new_order,
    note_clearing,
    note_paid,
    note_pick,
    of_a_later_attempt,
    of_an_older_attempt,
    pays_by_invoice,
    priced_anew,
)
from order_service.sends import (
    cancel_invoice,
    cancel_payment,
    cancel_shipment,
    fetch_goods,
    issue_invoice,
    order_cancelled,
    order_closed,
    order_completed,
    order_needs_attention,
    order_placed,
    price_guarantee_expired,
    recall_shipment,
    refund_payment,
    release_goods,
    retrieve_payment,
    ship_goods,
)
from saga.flow import Flow
from saga.row import (
    Row,
    after,
    after_start,
    anything_else,
    contradiction,
    deferred,
    every_undo_confirmed,
    ignored,
    late,
    refused,
    stays,
    undo_again,
    undo_all,
)
from saga.state import Kind, State

start = State("start", kind=Kind.START)
awaiting_payment = State("awaiting_payment")
withdrawing_for_customer = State("withdrawing_payment", "customer")
withdrawing_for_price = State("withdrawing_payment", "price")
awaiting_price_decision = State("awaiting_price_decision")
awaiting_goods = State("awaiting_goods")
awaiting_shipment = State("awaiting_shipment")
cancelling_shipment = State("cancelling_shipment")
awaiting_invoice_payment = State("awaiting_invoice_payment")
compensating = State("compensating")
needs_attention = State("needs_attention", kind=Kind.HUMAN)
completed = State("completed", kind=Kind.END)
cancelled = State("cancelled", kind=Kind.END)
closed = State("closed", kind=Kind.END)

withdrawing = (withdrawing_for_customer, withdrawing_for_price)
too_late = refused("it is too late to cancel this order")
nobody_asked = refused("this order has no price to decide")
another_quote = refused("this is not the order's current quote; see GET /orders/{id}")
nothing_to_attend = refused("this order does not need attention")
parcel_is_away = refused("the parcel may be on its way, so this order cannot be closed: retry")

# fmt: off
order_flow = Flow("order", revision=1, data=Order, begins={PlaceOrder: new_order}, undos=[refund_payment, release_goods, recall_shipment], rows=[
    #   while                                   when                                                 becomes
    Row(start,                                  PlaceOrder,                                          awaiting_goods,           given=pays_by_invoice, sends=[order_placed, fetch_goods], undo=[release_goods]),
    Row(start,                                  PlaceOrder,                                          awaiting_payment,         sends=[order_placed, retrieve_payment], undo=[refund_payment]),
    Row(start,                                  (RetryOrder, CloseOrder),                            nothing_to_attend),
    Row(start,                                  anything_else,                                       deferred),

    Row(after_start,                            PaymentReceived,                                     late,                     given=of_an_older_attempt),
    Row(after_start,                            (PaymentInClearing, PaymentFailed, PaymentCancelled, PaymentRefunded), ignored, given=of_an_older_attempt),
    Row((awaiting_payment, *withdrawing),       (PaymentReceived, PaymentFailed, PaymentCancelled), contradiction,           given=of_a_later_attempt),
    Row(after_start,                            PlaceOrder,                                          ignored),

    Row(awaiting_payment,                       PaymentInClearing,                                   stays,                    does=note_clearing),
    Row(awaiting_payment,                       PaymentReceived,                                     awaiting_goods,           does=note_paid, sends=[fetch_goods], undo=[release_goods]),
    Row(awaiting_payment,                       PaymentFailed,                                       cancelled,                does=because("payment failed"), sends=[order_cancelled]),
    Row(awaiting_payment,                       CancelOrder,                                         withdrawing_for_customer, does=because("cancelled by the customer"), sends=[cancel_payment]),
    Row(awaiting_payment,                       after("price guarantee", days=7),                    withdrawing_for_price,    does=because("the price is no longer guaranteed"), sends=[price_guarantee_expired, cancel_payment]),

    Row(withdrawing_for_price,                  PaymentReceived,                                     awaiting_goods,           does=note_paid, sends=[fetch_goods], undo=[release_goods]),
    Row(withdrawing_for_customer,               PaymentReceived,                                     compensating,             sends=[undo_all]),
    Row(withdrawing_for_customer,               (PaymentCancelled, PaymentFailed),                   cancelled,                sends=[order_cancelled]),
    Row(withdrawing_for_price,                  (PaymentCancelled, PaymentFailed),                   awaiting_price_decision,  does=priced_anew),
    Row(withdrawing_for_price,                  CancelOrder,                                         withdrawing_for_customer, does=because("cancelled by the customer")),
    Row(withdrawing_for_customer,               CancelOrder,                                         ignored),
    Row(withdrawing,                            PaymentInClearing,                                   ignored),
    Row(withdrawing,                            after("withdrawal of the payment", days=1),          needs_attention,          sends=[order_needs_attention]),

    Row(awaiting_price_decision,                DecidePrice,                                         awaiting_payment,         given=accepts_this_quote, does=accept_quote, sends=[retrieve_payment], undo=[refund_payment]),
    Row(awaiting_price_decision,                DecidePrice,                                         cancelled,                given=answers_this_quote, does=because("the new price was declined"), sends=[order_cancelled]),
    Row(awaiting_price_decision,                CancelOrder,                                         cancelled,                does=because("cancelled by the customer"), sends=[order_cancelled]),
    Row(awaiting_price_decision,                after("price decision", days=3),                     cancelled,                does=because("the new price was not decided"), sends=[order_cancelled]),
    Row(awaiting_price_decision,                DecidePrice,                                         another_quote),
    Row(awaiting_price_decision,                (PaymentCancelled, PaymentFailed, PaymentInClearing), ignored),

    Row(awaiting_goods,                         GoodsFetched,                                        awaiting_shipment,        does=note_pick, sends=[ship_goods], undo=[recall_shipment]),
    Row(awaiting_goods,                         GoodsUnavailable,                                    compensating,             does=because("goods unavailable"), sends=[undo_all]),
    Row(awaiting_goods,                         CancelOrder,                                         compensating,             does=because("cancelled by the customer"), sends=[undo_all]),
    Row(awaiting_goods,                         after("goods", days=2),                              compensating,             does=because("inventory did not answer"), sends=[undo_all]),
    Row(awaiting_goods,                         (PaymentReceived, PaymentInClearing),                ignored),

    Row(awaiting_shipment,                      GoodsShipped,                                        awaiting_invoice_payment, given=pays_by_invoice, sends=[issue_invoice], pivot=True),
    Row(awaiting_shipment,                      GoodsShipped,                                        completed,                sends=[order_completed], pivot=True),
    Row(awaiting_shipment,                      ShipmentFailed,                                      compensating,             does=because("shipment failed"), sends=[undo_all]),
    Row(awaiting_shipment,                      CancelOrder,                                         cancelling_shipment,      does=because("cancelled by the customer"), sends=[cancel_shipment]),
    Row(awaiting_shipment,                      after("shipment", days=3),                           cancelling_shipment,      does=because("not shipped in time"), sends=[cancel_shipment]),
    Row(awaiting_shipment,                      (PaymentReceived, PaymentInClearing),                ignored),

    Row(cancelling_shipment,                    (ShipmentCancelled, ShipmentFailed),                 compensating,             sends=[undo_all]),
    Row(cancelling_shipment,                    (GoodsShipped, ShipmentCancellationRefused),         awaiting_invoice_payment, given=pays_by_invoice, does=because(""), sends=[issue_invoice], pivot=True),
    Row(cancelling_shipment,                    (GoodsShipped, ShipmentCancellationRefused),         completed,                does=because(""), sends=[order_completed], pivot=True),
    Row(cancelling_shipment,                    after("cancellation of the shipment", days=1),       needs_attention,          sends=[order_needs_attention]),
    Row(cancelling_shipment,                    (CancelOrder, PaymentReceived, PaymentInClearing),   ignored),

    Row(awaiting_invoice_payment,               InvoicePaid,                                         completed,                does=because(""), sends=[order_completed]),
    Row(awaiting_invoice_payment,               InvoiceDefaulted,                                    needs_attention,          does=because("the invoice was not paid"), sends=[order_needs_attention]),
    Row(awaiting_invoice_payment,               after("invoice", days=120),                          needs_attention,          does=because("the invoice was not heard of"), sends=[order_needs_attention]),
    Row(awaiting_invoice_payment,               (InvoiceIssued, InvoiceReminded, GoodsShipped, ShipmentCancellationRefused), ignored),
    Row(awaiting_invoice_payment,               CancelOrder,                                         too_late),

    Row(compensating,                           (PaymentRefunded, GoodsReleased),                    stays),
    Row(compensating,                           every_undo_confirmed(),                              cancelled,                sends=[order_cancelled]),
    Row(compensating,                           (PaymentReceived, GoodsFetched),                     late),
    Row(compensating,                           (GoodsUnavailable, ShipmentCancelled, ShipmentFailed, PaymentInClearing, CancelOrder), ignored),
    Row(compensating,                           after("compensation", days=1),                       needs_attention,          sends=[undo_again, order_needs_attention]),

    #   needs_attention hears what the state hears that it came from; these are a person's
    Row(needs_attention,                                  after("reminder", days=3),                 needs_attention,          sends=[order_needs_attention]),
    Row(needs_attention.within(awaiting_invoice_payment), InvoiceDefaulted,                          ignored),
    Row(needs_attention.within(withdrawing_for_customer), RetryOrder,                                withdrawing_for_customer, sends=[cancel_payment]),
    Row(needs_attention.within(withdrawing_for_price),    RetryOrder,                                withdrawing_for_price,    sends=[cancel_payment]),
    Row(needs_attention.within(cancelling_shipment),      RetryOrder,                                cancelling_shipment,      sends=[cancel_shipment]),
    Row(needs_attention.within(awaiting_invoice_payment), RetryOrder,                                awaiting_invoice_payment, sends=[issue_invoice]),
    Row(needs_attention.within(compensating),             RetryOrder,                                compensating,             sends=[undo_again]),
    Row(needs_attention.within(cancelling_shipment),      CloseOrder,                                parcel_is_away),
    Row(needs_attention.within(awaiting_invoice_payment), CloseOrder,                                closed,                   does=because("closed"), sends=[cancel_invoice, order_closed]),
    Row(needs_attention,                                  CloseOrder,                                closed,                   does=because("closed"), sends=[order_closed]),

    Row((cancelled, closed),                    (PaymentReceived, GoodsFetched),                     late),
    Row((cancelled, closed),                    (PaymentRefunded, GoodsReleased),                    stays),
    Row((cancelled, closed),                    (PaymentInClearing, PaymentFailed, PaymentCancelled, GoodsUnavailable, ShipmentCancelled, ShipmentFailed), ignored),
    Row(closed,                                 (GoodsShipped, ShipmentCancellationRefused, InvoiceIssued, InvoiceReminded, InvoicePaid, InvoiceDefaulted, InvoiceCancelled), ignored),
    Row(completed,                              (PaymentReceived, PaymentInClearing, GoodsShipped, ShipmentCancellationRefused, InvoiceIssued, InvoiceReminded, InvoicePaid, InvoiceDefaulted, InvoiceCancelled), ignored),
    Row((completed, cancelled, closed),         CancelOrder,                                         too_late),

    Row(after_start,                            DecidePrice,                                         nobody_asked),
    Row(after_start,                            (RetryOrder, CloseOrder),                            nothing_to_attend),
    Row(after_start,                            anything_else,                                       contradiction),
])
# fmt: on
