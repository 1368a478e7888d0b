"""Runs of flows, as their rows and histories say."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

INSTANCE = "SELECT flow, instance_id, subject, revision, state, generation, steps, data, undos FROM saga_instances"


@dataclass(frozen=True)
class UndoLine:
    """What undoes a command, and how far that is."""

    undo: str
    number: int | None
    status: str

    @property
    def is_open(self) -> bool:
        return self.status in ("recorded", "sent")


@dataclass(frozen=True)
class InstanceRow:
    """One run of a flow."""

    flow: str
    instance_id: str
    subject: str
    revision: int
    state: str  # a label, e.g. "withdrawing_payment/price"
    generation: int
    steps: int
    data: dict[str, Any]
    undos: list[UndoLine]

    @classmethod
    def of(cls, row: Any) -> Self:
        flow, instance_id, subject, revision, state, generation, steps, data, undos = row
        known = [UndoLine(**undo) for undo in json.loads(undos)]
        return cls(flow, instance_id, subject, revision, state, generation, steps, json.loads(data), known)

    @property
    def name(self) -> str:
        return self.state.partition("/")[0]


class OrderRow(InstanceRow):
    @property
    def by_invoice(self) -> bool:
        return self.data["card_token"] is None

    @property
    def total(self) -> int:
        amount: int = self.data["total"]["amount"]
        return amount

    def ordered(self) -> dict[str, int]:
        """How much of each article."""
        goods: Counter[str] = Counter()
        for item in self.data["items"]:
            goods[item["sku"]] += item["quantity"]
        return dict(goods)


@dataclass(frozen=True)
class HistoryLine:
    step: int
    at: datetime
    before: str
    after: str
    because: str
    message_id: str
    sent: list[str]
    author: str
    reason: str
