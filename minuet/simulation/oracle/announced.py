"""What neighbours and customers are told whenever something comes to pass: whoever changes that has to say so here."""

from collections.abc import Iterator, Mapping, Sequence

from minuet.simulation.oracle.books import Books
from minuet.simulation.oracle.instances import HistoryLine, InstanceRow
from minuet.simulation.oracle.tables import migration

ON_ENTRY: Mapping[tuple[str, str], Sequence[str]] = {  # by flow and state: all of these
    ("order", "completed"): ("OrderCompleted",),
    ("order", "cancelled"): ("OrderCancelled",),
    ("order", "closed"): ("OrderClosed",),
    ("order", "needs_attention"): ("OrderNeedsAttention",),
    ("order", "awaiting_payment"): ("RetrievePayment",),
    ("order", "awaiting_goods"): ("FetchGoods",),
    ("order", "awaiting_shipment"): ("ShipGoods",),
    ("order", "cancelling_shipment"): ("CancelShipment",),
    ("order", "awaiting_invoice_payment"): ("IssueInvoice",),
    ("payment", "refunding"): ("RefundCard",),
    ("payment", "received"): ("PaymentReceived",),
    ("payment", "failed"): ("PaymentFailed",),
    ("payment", "in_clearing"): ("PaymentInClearing",),
    ("payment", "refunded"): ("PaymentRefunded",),
    ("invoice", "open"): ("InvoiceIssued",),
    ("invoice", "paid"): ("InvoicePaid",),
    ("invoice", "defaulted"): ("InvoiceDefaulted",),
    ("invoice", "cancelled"): ("InvoiceCancelled",),
}
BECAUSE: Mapping[tuple[str, str], Sequence[str]] = {  # by flow and how the cause begins: as soon as it changes anything
    ("order", "PlaceOrder"): ("OrderPlaced",),
    ("order", "price guarantee"): ("PriceGuaranteeExpired",),
    ("order", "reminder"): ("OrderNeedsAttention",),
    ("invoice", "first reminder"): ("InvoiceReminded",),
    ("invoice", "second reminder"): ("InvoiceReminded",),
}
TRUE_WHEN: Mapping[str, str] = {"OrderCompleted": "completed", "OrderCancelled": "cancelled", "OrderClosed": "closed"}
WISHES: Mapping[str, str] = {"CancelPayment": "PaymentCancelled", "RefundPayment": "PaymentRefunded"}


def s6_announced(books: Books, service: str, instance_id: str) -> Iterator[str]:
    """no stuck order: whoever waits for news of it gets it, and it is true."""
    for instance in books.instances(service, instance_id):
        wishes: list[str] = []
        for line in books.history(service, instance):
            wishes += [line.because] if line.because in WISHES else []
            missing = set(expected(instance.flow, line, wishes)) - set(line.sent)
            if missing and migration(instance.flow, line) is None:
                yield f"{step(instance, line)}, and nobody was told: {', '.join(sorted(missing))}"
            untrue = [name for name in line.sent if TRUE_WHEN.get(name, line.after) != line.after]
            yield from (f"{step(instance, line)}, and {name} was said" for name in untrue)


def step(instance: InstanceRow, line: HistoryLine) -> str:
    return f"{instance.flow} {instance.instance_id}: {line.before} → {line.after}, {line.because}"


def expected(flow: str, line: HistoryLine, wishes: Sequence[str]) -> Iterator[str]:
    before, after = (state.partition("/")[0] for state in (line.before, line.after))
    if before != after:
        yield from ON_ENTRY.get((flow, after), ())
    if after == "withdrawing_payment" and (before == "awaiting_payment" or line.because == "RetryOrder"):
        yield "CancelPayment"
    if (flow, before != after, after) == ("payment", True, "cancelled"):
        yield from (WISHES[wish] for wish in wishes)
    for (of_flow, beginning), events in BECAUSE.items():
        if of_flow == flow and line.because.startswith(beginning):
            yield from events
