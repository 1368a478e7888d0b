"""The deadlines that customers, operators and neighbours count on: whoever changes one has to say so here."""

from collections.abc import Mapping
from datetime import timedelta

DAY = timedelta(days=1)
DEPENDS = None  # on how often it was tried: see TRIES

PROMISED: Mapping[tuple[str, str], Mapping[str, timedelta | None]] = {  # by flow and state: what is armed on entry
    ("order", "awaiting_payment"): {"price guarantee": 7 * DAY},
    ("order", "withdrawing_payment"): {"withdrawal of the payment": DAY},
    ("order", "awaiting_price_decision"): {"price decision": 3 * DAY},
    ("order", "awaiting_goods"): {"goods": 2 * DAY},
    ("order", "awaiting_shipment"): {"shipment": 3 * DAY},
    ("order", "cancelling_shipment"): {"cancellation of the shipment": DAY},
    ("order", "awaiting_invoice_payment"): {"invoice": 120 * DAY},
    ("order", "compensating"): {"compensation": DAY},
    ("order", "needs_attention"): {"reminder": 3 * DAY},
    ("payment", "charging"): {"outcome of the call": DAY},
    ("payment", "refunding"): {"outcome of the call": DAY},
    ("payment", "waiting_for_gateway"): {"next try": DEPENDS},
    ("payment", "unsure"): {"next try": DEPENDS},
    ("payment", "waiting_to_refund"): {"next try": DEPENDS},
    ("payment", "in_clearing"): {"escalation": 3 * DAY, "clearing": 14 * DAY},
    # due 30 days after it was issued; reminded 7 and 14 days, in default 30 days after that
    ("invoice", "open"): {"first reminder": 37 * DAY, "second reminder": 44 * DAY, "default": 60 * DAY},
}

LEAD_NOWHERE = frozenset({"escalation", "first reminder", "second reminder"})  # who waits, waits on

TRIES = tuple(  # the pauses after the first try, the second ...
    timedelta(seconds=seconds)
    for seconds in (1, 2, 4, 8, 15, 30, 60, 120, 300, 900, 2160, 3600, 7200, 14400, 28800, 28800)
)


def promised(flow: str, state: str) -> Mapping[str, timedelta | None]:
    """Variants of one state are one state."""
    return PROMISED.get((flow, state.partition("/")[0]), {})
