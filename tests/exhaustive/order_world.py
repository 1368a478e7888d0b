"""What payment, inventory and shipping can say to an order, and what must have come of it in the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bus.message import Message
from order_service.messages import OrderCancelled, OrderClosed, OrderCompleted
from order_service.neighbours import (
    CancelInvoice,
    CancelPayment,
    CancelShipment,
    FetchGoods,
    GoodsFetched,
    GoodsReleased,
    GoodsShipped,
    GoodsUnavailable,
    InvoiceCancelled,
    InvoiceDefaulted,
    InvoiceIssued,
    InvoicePaid,
    InvoiceReminded,
    IssueInvoice,
    PaymentCancelled,
    PaymentFailed,
    PaymentInClearing,
    PaymentReceived,
    PaymentRefunded,
    RefundPayment,
    ReleaseGoods,
    RetrievePayment,
    ShipGoods,
    ShipmentCancellationRefused,
    ShipmentCancelled,
    ShipmentFailed,
)
from saga.undo import UndoStatus
from tests.exhaustive.telling import Said, Told
from tests.order_service.words import hear

CAUSES: Mapping[type[Message], type[Message]] = {  # nobody says this before he was asked
    PaymentInClearing: RetrievePayment,
    PaymentReceived: RetrievePayment,
    PaymentFailed: RetrievePayment,
    PaymentCancelled: CancelPayment,
    PaymentRefunded: RefundPayment,
    GoodsFetched: FetchGoods,
    GoodsUnavailable: FetchGoods,
    GoodsReleased: ReleaseGoods,
    GoodsShipped: ShipGoods,
    ShipmentFailed: ShipGoods,
    ShipmentCancelled: CancelShipment,
    ShipmentCancellationRefused: CancelShipment,
    InvoiceIssued: IssueInvoice,
    InvoiceReminded: IssueInvoice,
    InvoicePaid: IssueInvoice,
    InvoiceDefaulted: IssueInvoice,
    InvoiceCancelled: CancelInvoice,
}
ENDS: Mapping[type[Message], str] = {OrderCompleted: "completed", OrderCancelled: "cancelled", OrderClosed: "closed"}
UNDONE_AGAIN = ("compensation: 1 day are over", "RetryOrder")


@dataclass(frozen=True)
class Truth:
    """What the participants have decided, or are going to: each of them once."""

    payments: Mapping[int, type[Message]] = field(default_factory=lambda: {1: PaymentReceived})  # by attempt
    goods: type[Message] = GoodsFetched
    parcel: type[Message] = GoodsShipped

    def answers(self, _: Told, command: Message) -> Sequence[Message]:
        """To a command of the order's. Who waits to be called off says nothing."""
        attempt = getattr(command, "attempt", None)
        said: Mapping[type[Message], Sequence[type[Message]]] = {
            RetrievePayment: self._unless_called_off(self.payments.get(attempt or 0), PaymentCancelled),
            CancelPayment: [self.payments.get(attempt or 0, PaymentCancelled)],
            RefundPayment: [PaymentRefunded],
            FetchGoods: [self.goods],
            ReleaseGoods: [GoodsReleased],
            ShipGoods: self._unless_called_off(self.parcel, ShipmentCancelled),
            CancelShipment: (self.parcel, ShipmentCancellationRefused)
            if self.parcel is GoodsShipped
            else (self.parcel,),
            IssueInvoice: [InvoiceIssued, InvoicePaid],
            CancelInvoice: [InvoiceCancelled],
        }
        return [hear(message, attempt) for message in said.get(type(command), ())]

    def _unless_called_off(self, decision: type[Message] | None, off: type[Message]) -> Sequence[type[Message]]:
        return () if decision is None or decision is off else (decision,)


def can_be_said(told: Told, said: Said) -> bool:
    cause = CAUSES.get(type(said)) if isinstance(said, Message) else None
    attempt = getattr(said, "attempt", None)
    return cause is None or told.count(cause, **({} if attempt is None else {"attempt": attempt})) > 0


def check(told: Told, truth: Truth) -> None:
    """What must have come of an order, however it got there."""
    assert told.parked == (), f"{told.names()}: {told.parked}"
    assert [name for end, name in ENDS.items() for _ in range(told.count(end))] == [told.state], told.names()
    check_money(told, truth)
    check_goods(told, truth)
    check_undos(told)


def check_money(told: Told, truth: Truth) -> None:
    """Of all that was asked for and came, an order that is completed keeps that of its last attempt, any other none."""
    for attempt, decision in truth.payments.items():
        asked = told.count(RetrievePayment, attempt=attempt)
        came = asked > 0 and decision is PaymentReceived
        kept = told.state == "completed" and attempt == told.instance.data.attempt
        given_back = told.count(RefundPayment, attempt=attempt)
        assert asked <= 1, told.names()
        assert not (kept and given_back), f"{told.names()}: completed, and attempt {attempt} was refunded"
        assert not came or kept or given_back, f"{told.names()}: {told.state}, and attempt {attempt} was not refunded"
        assert not kept or came, f"{told.names()}: completed, and nothing came"


def check_goods(told: Told, truth: Truth) -> None:
    """Shipped once and only of an order that is completed; fetched goods are shipped or released."""
    shipped = told.count(ShipGoods) > 0 and truth.parcel is GoodsShipped
    fetched = told.count(FetchGoods) > 0 and truth.goods is GoodsFetched
    assert told.count(ShipGoods) <= 1, told.names()
    assert told.count(FetchGoods) <= 1, told.names()
    assert shipped == (told.state == "completed"), f"{told.names()}: shipped is {shipped}, and it is {told.state}"
    assert not fetched or shipped or told.count(ReleaseGoods), f"{told.names()}: its goods were not released"
    assert not (shipped and told.count(ReleaseGoods)), f"{told.names()}: shipped and released"


def check_undos(told: Told) -> None:
    """None is left open, and none was sent twice but by a person or a deadline that found it unconfirmed."""
    open_ones = [entry for entry in told.instance.undos if entry.status in (UndoStatus.RECORDED, UndoStatus.SENT)]
    assert open_ones == [], f"{told.names()}: {open_ones}"
    again = sum(because in UNDONE_AGAIN for because in told.because)
    for command in (RefundPayment, ReleaseGoods, CancelShipment, CancelPayment):
        for attempt in (1, 2):
            numbered = {} if command in (ReleaseGoods, CancelShipment) else {"attempt": attempt}
            assert told.count(command, **numbered) <= 1 + again, f"{told.names()}: {command.__name__} again"
