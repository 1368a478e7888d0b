"""Every shipment in every state against everything that can be said or done about it: each cell is decided."""

from collections.abc import Callable

import pytest

from bus.errors import Refused
from shipping_service import views
from tests.service_bench import ServiceBench
from tests.shipping_service.words import (
    CANCELLATION_REFUSED,
    CANCELLED,
    FAILED,
    SHIPPED,
    cancel,
    carrier_reports,
    change_mode,
    claim,
    complete,
    fail,
    lease_runs_out,
    ship,
)

Cell = tuple[str | int, ...]  # the state that it becomes or the HTTP status of the refusal; then what is said

ANSWERED: Cell = ("shipped", SHIPPED)
TOO_LATE: Cell = ("shipped", CANCELLATION_REFUSED)
SHIPPED_TOO_LATE: Cell = ("shipped", SHIPPED, CANCELLATION_REFUSED)
IS_CANCELLED: Cell = ("cancelled", CANCELLED)
HAS_FAILED: Cell = ("failed", FAILED)
STAYS: Cell = ("stays",)


class Parcel:
    """One shipment on the bench, and what happens to it. `w-1` is the worker who has, or had, the job."""

    def __init__(self, bench: ServiceBench) -> None:
        self.bench = bench
        self.job_id = "00000000-0000-0000-0000-000000000000"

    def state(self) -> str:
        with self.bench.database.snapshot() as connection:
            try:
                shown = views.shipment(connection, "r-1")
            except Refused:
                return "unknown"
        self.job_id = shown["job_id"] or self.job_id
        return f"{shown['state']}"

    def do(self, step: str) -> Cell:
        before, said = self.state(), len(self.bench.said)
        try:
            STEPS[step](self)
        except Refused as refusal:
            assert self.state() == before
            return (refusal.status, *[name for name, _ in self.bench.said[said:]])
        after = self.state()
        answers = [name for name, _ in self.bench.said[said:]]
        return STAYS if after == before and not answers else (after, *answers)


def push(parcel: Parcel) -> None:
    change_mode(parcel.bench, "push")
    parcel.bench.sweep()


STEPS: dict[str, Callable[[Parcel], object]] = {
    "ship": lambda parcel: parcel.bench.tell(ship()),
    "ship nowhere": lambda parcel: parcel.bench.tell(ship(address="")),
    "cancel": lambda parcel: parcel.bench.tell(cancel()),
    "pull": lambda parcel: change_mode(parcel.bench, "pull"),
    "push": push,
    "claim": lambda parcel: claim(parcel.bench, "w-1"),
    "claim by another": lambda parcel: claim(parcel.bench, "w-2"),
    "complete": lambda parcel: complete(parcel.bench, parcel.job_id),
    "complete with another number": lambda parcel: complete(parcel.bench, parcel.job_id, tracking_number="T-2"),
    "complete by another": lambda parcel: complete(parcel.bench, parcel.job_id, "w-2"),
    "fail": lambda parcel: fail(parcel.bench, parcel.job_id),
    "fail by another": lambda parcel: fail(parcel.bench, parcel.job_id, "w-2"),
    "lease runs out": lambda parcel: lease_runs_out(parcel.bench),
    "sweep": lambda parcel: parcel.bench.sweep(),
    "carrier reports": lambda parcel: carrier_reports(parcel.bench),
}

REACHED: dict[str, list[str]] = {
    "unknown": ["pull"],
    "pending": ["pull", "ship"],
    "leased": ["pull", "ship", "claim"],
    "leased, to be cancelled": ["pull", "ship", "claim", "cancel"],
    "lease over": ["pull", "ship", "claim", "lease runs out"],
    "lease over, to be cancelled": ["pull", "ship", "claim", "cancel", "lease runs out"],
    "given back": ["pull", "ship", "claim", "lease runs out", "sweep"],
    "with carrier": ["ship", "pull"],
    "with carrier, to be cancelled": ["ship", "cancel", "pull"],
    "shipped by a worker": ["pull", "ship", "claim", "complete"],
    "shipped by a worker, too late to cancel": ["pull", "ship", "claim", "cancel", "complete"],
    "failed by a worker": ["pull", "ship", "claim", "fail"],
    "cancelled by a worker": ["pull", "ship", "claim", "cancel", "fail"],
    "cancelled while pending": ["pull", "ship", "cancel"],
    "cancelled when the lease was over": ["pull", "ship", "claim", "cancel", "lease runs out", "sweep"],
    "cancelled before": ["pull", "cancel"],
    "shipped": ["ship", "carrier reports", "pull"],
    "failed": ["ship nowhere", "carrier reports", "pull"],
    "cancelled": ["ship nowhere", "cancel", "carrier reports", "pull"],
}

# What every decided shipment has in common.
DECIDED: dict[str, Cell] = {"claim by another": STAYS, "sweep": STAYS, "push": STAYS}
NO_LEASE: dict[str, Cell] = dict.fromkeys(("complete", "complete with another number", "fail"), (409,))
NOT_ANOTHERS: dict[str, Cell] = dict.fromkeys(("complete by another", "fail by another"), (409,))
IS_SHIPPED: dict[str, Cell] = {**DECIDED, **NO_LEASE, **NOT_ANOTHERS, "ship": ANSWERED, "cancel": TOO_LATE}
DID_FAIL: dict[str, Cell] = {**DECIDED, **NO_LEASE, **NOT_ANOTHERS, "ship": HAS_FAILED, "cancel": HAS_FAILED}
WAS_CANCELLED: dict[str, Cell] = {
    **DECIDED,
    **NO_LEASE,
    **NOT_ANOTHERS,
    "ship": IS_CANCELLED,
    "cancel": IS_CANCELLED,
}
FREE: dict[str, Cell] = {
    **NO_LEASE,
    **NOT_ANOTHERS,
    "ship": STAYS,
    "cancel": IS_CANCELLED,
    "claim by another": ("leased",),
    "sweep": STAYS,
    "push": ("with_carrier",),
}
IN_HAND: dict[str, Cell] = {**NOT_ANOTHERS, "ship": STAYS, "cancel": STAYS, **DECIDED}

MATRIX: dict[str, dict[str, Cell]] = {
    "unknown": {
        **dict.fromkeys((*NO_LEASE, *NOT_ANOTHERS), (404,)),
        "ship": ("pending",),
        "cancel": IS_CANCELLED,
        "claim by another": STAYS,
        "sweep": STAYS,
        "push": STAYS,
    },
    "pending": FREE,
    "given back": FREE,
    "leased": {
        **IN_HAND,
        "complete": ANSWERED,
        "complete with another number": ANSWERED,
        "fail": HAS_FAILED,
    },
    "leased, to be cancelled": {
        **IN_HAND,
        "complete": SHIPPED_TOO_LATE,
        "complete with another number": SHIPPED_TOO_LATE,
        "fail": IS_CANCELLED,
    },
    "lease over": {**FREE, "claim by another": STAYS, "sweep": ("pending",)},  # leased, and leased again
    "lease over, to be cancelled": {
        **NO_LEASE,
        **NOT_ANOTHERS,
        "ship": STAYS,
        "cancel": IS_CANCELLED,
        "claim by another": IS_CANCELLED,
        "sweep": IS_CANCELLED,
        "push": IS_CANCELLED,
    },
    "with carrier": {**IN_HAND, **NO_LEASE, "carrier reports": ANSWERED},
    "with carrier, to be cancelled": {**IN_HAND, **NO_LEASE, "carrier reports": SHIPPED_TOO_LATE},
    "shipped by a worker": {**IS_SHIPPED, "complete": STAYS},
    "shipped by a worker, too late to cancel": {**IS_SHIPPED, "complete": STAYS},
    "failed by a worker": {**DID_FAIL, "fail": STAYS},
    "cancelled by a worker": {**WAS_CANCELLED, "fail": STAYS},
    "cancelled while pending": WAS_CANCELLED,
    "cancelled when the lease was over": WAS_CANCELLED,
    "cancelled before": {**WAS_CANCELLED, **dict.fromkeys((*NO_LEASE, *NOT_ANOTHERS), (404,))},
    "shipped": IS_SHIPPED,
    "failed": DID_FAIL,
    "cancelled": WAS_CANCELLED,
}


@pytest.mark.parametrize(("state", "step"), [(state, step) for state, row in MATRIX.items() for step in row])
def test_every_cell_leads_to_this_state_and_says_this(bench: ServiceBench, state: str, step: str) -> None:
    parcel = Parcel(bench)
    for earlier in REACHED[state]:
        parcel.do(earlier)
    assert parcel.do(step) == MATRIX[state][step]
    assert bench.dead_letters() == []


def test_no_cell_is_forgotten() -> None:
    """`carrier reports` belongs to the states in which there is an effect; whatever else may be tried always."""
    always = {*NO_LEASE, *NOT_ANOTHERS, "ship", "cancel", "claim by another", "sweep", "push"}
    assert set(MATRIX) == set(REACHED)
    assert {state: always - set(row) for state, row in MATRIX.items() if always - set(row)} == {}
