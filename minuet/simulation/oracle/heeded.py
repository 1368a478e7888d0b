"""Invariants of wishes: what customers and neighbours have called off stays called off."""

from collections.abc import Iterator, Mapping

from minuet.simulation.oracle.books import Books
from minuet.simulation.oracle.instances import HistoryLine
from minuet.simulation.oracle.tables import migration

EARLY = ("awaiting_payment", "withdrawing_payment", "awaiting_price_decision", "awaiting_goods")  # nothing has left
ON_ITS_WAY = ("awaiting_shipment", "awaiting_invoice_payment", "completed")
IN_CLEARING = ("in_clearing", "waiting_for_gateway")
WITHDRAWING = tuple(
    f"{attention}withdrawing_payment/{why}" for attention in ("", "needs_attention/") for why in ("customer", "price")
)

HEEDED: Mapping[tuple[str, str], tuple[str, ...]] = {  # a message of which there must be a trace, in these states
    ("order", "CancelOrder"): (
        *("awaiting_payment", "withdrawing_payment/price", "awaiting_price_decision"),
        *("awaiting_goods", "awaiting_shipment", "needs_attention/withdrawing_payment/price"),
    ),
    ("order", "PaymentReceived"): ("awaiting_payment", *WITHDRAWING),  # of its present attempt, as all of payments
    ("order", "PaymentFailed"): ("awaiting_payment", *WITHDRAWING),
    ("order", "PaymentCancelled"): WITHDRAWING,
    ("order", "GoodsFetched"): ("awaiting_goods",),
    ("order", "GoodsUnavailable"): ("awaiting_goods",),
    ("order", "GoodsShipped"): ("awaiting_shipment", "cancelling_shipment", "needs_attention/cancelling_shipment"),
    ("order", "ShipmentFailed"): ("awaiting_shipment", "cancelling_shipment", "needs_attention/cancelling_shipment"),
    ("order", "ShipmentCancelled"): ("cancelling_shipment", "needs_attention/cancelling_shipment"),
    ("order", "InvoicePaid"): ("awaiting_invoice_payment", "needs_attention/awaiting_invoice_payment"),
    ("order", "InvoiceDefaulted"): ("awaiting_invoice_payment",),
    ("payment", "CancelPayment"): (
        *("charging", "charging/refund_wished", "unsure", "unsure/refund_wished"),
        *("waiting_for_gateway", "in_clearing", "received", "failed", "cancelled"),
    ),
    ("payment", "RefundPayment"): (
        *("charging", "charging/cancel_wished", "unsure", "unsure/cancel_wished"),
        *("waiting_for_gateway", "in_clearing", "received", "failed", "cancelled"),
    ),
    ("invoice", "IssueInvoice"): ("open", "defaulted", "paid", "cancelled"),
    ("invoice", "CancelInvoice"): ("open", "defaulted", "paid", "cancelled"),
}


def q4_called_off(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """cancelled ⇒ every effect was undone: who calls an order off before it is shipped does not get it."""
    for instance in books.instances(service, instance_id) if service == "order" else ():
        called_off = False
        for line in books.history(service, instance):
            called_off = called_off or (line.because == "CancelOrder" and early(line))
            if called_off and line.after.partition("/")[0] in ON_ITS_WAY and migration("order", line) is None:
                yield f"{instance_id} was called off in time, and is {line.after}"


def early(line: HistoryLine) -> bool:
    return line.before.removeprefix("needs_attention/").partition("/")[0] in EARLY


def s5_called_off(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """no ghost: no effect without a committed command, so none after it was called off."""
    for instance in books.instances(service, instance_id) if service == "payment" else ():
        wishes: set[str] = set()
        for line in books.history(service, instance):
            anew = "ChargeCard" in line.sent or line.after in IN_CLEARING or line.after in ("charging", "unsure")
            if instance.flow == "payment" and wishes and anew:
                move = f"{line.because} → {line.after}, {line.sent}"
                yield f"payment {instance_id} had heard {sorted(wishes)}, and yet: {move}"
            if "RefundPayment" in wishes and line.before != line.after == "received":
                yield f"payment {instance_id} is to be given back, and was kept"
            wishes |= {line.because} & {"CancelPayment", "RefundPayment"}
